// volume.mjs - a journaled file system of the benchmark's own, the same for all
//
// A loop image, written in full and read and written directly, so that neither
// the host's file system nor its cache takes part; made anew for each
// measurement.  Needs root.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { killUsers } from './processes.mjs';

const MEBIBYTES = 4096;
const FLUSHES = 15;	// the field of /sys/block/*/stat
const TRIES = 50;	// to unmount, a tenth of a second apart

const run = (command, ...words) => execFileSync(command, words,
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

export class Volume {
	#device;
	#mounted = false;

	constructor() {
		this.base = fs.mkdtempSync(
		    `${process.env.TMPDIR ?? os.tmpdir()}/spoold-bench.`);
		fs.chmodSync(this.base, 0o755);
		this.path = `${this.base}/volume`;
		this.image = `${this.base}/image`;
		fs.mkdirSync(this.path);
	}

	open() {
		run('dd', 'if=/dev/zero', `of=${this.image}`, 'bs=1M',
		    `count=${MEBIBYTES}`, 'status=none');
		this.#device = run('losetup', '--find', '--show',
		    '--direct-io=on', this.image);
	}

	fresh() {
		this.#unmount();
		run('mkfs.ext4', '-q', '-F', '-i', '8192', '-E',
		    'lazy_itable_init=0,lazy_journal_init=0', this.#device);
		run('mount', this.#device, this.path);
		this.#mounted = true;
	}

	// How often the device was told to make what it has durable.
	flushes() {
		const name = this.#device.split('/').pop();
		return Number(fs.readFileSync(`/sys/block/${name}/stat`, 'utf8')
			.trim().split(/\s+/)[FLUSHES]);
	}

	#unmount() {
		if (this.#mounted)
			run('umount', this.path);
		this.#mounted = false;
	}

	// Whatever state it is in, and whoever uses it; synchronous, for the
	// end of the process.
	close() {
		for (let tries = 0; this.#mounted; tries++) {
			killUsers(this.base);
			try {
				this.#unmount();
			} catch (error) {
				if (tries === TRIES)
					throw error;
				Atomics.wait(new Int32Array(
				    new SharedArrayBuffer(4)), 0, 0, 100);
			}
		}
		if (this.#device !== undefined)
			run('losetup', '--detach', this.#device);
		fs.rmSync(this.base, { recursive: true });
	}
}
