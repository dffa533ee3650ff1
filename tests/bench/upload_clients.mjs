// upload_clients.mjs - who uploads: spoold, and commands that are run
//
// Both have open(volume, receiver, sources), run(), which answers with {ms,
// cpu (ms)}, and close().
import { once } from 'node:events';
import fs from 'node:fs';
import { BUILD, Instance, eventually } from '../faults/instance.mjs';
import { BATCH, submit } from './client.mjs';
import { Processes, launch } from './processes.mjs';

const PATIENCE = 900000;	// ms
const TICK = 10;		// ms; USER_HZ is 100 on every Linux
const NOTHING = ['ignore', 'ignore', 'inherit'];

// What the children of this process that have ended used, ms of CPU.
function reaped() {
	const text = fs.readFileSync('/proc/self/stat', 'latin1');
	const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
	return TICK * (Number(fields[13]) + Number(fields[14]));
}

export class Spoold {
	constructor(kind, { drain = false, unsynced = false }) {
		Object.assign(this, { kind, drain, unsynced });
	}

	async open(volume, receiver, sources) {
		this.sources = sources;
		this.instance = new Instance(`${volume}/spoold`);
		await this.instance.init({});
		await this.#destination(receiver);
		await this.instance.start();
		this.roots = [await this.instance.supervisor()];
		if (this.kind.files)
			sources.write(`${this.instance.spool}/data`);
		if (this.drain) {
			await this.#drop();
			await eventually('all were accepted', () =>
				this.#waiting() === sources.files, PATIENCE);
		}
	}

	async #destination(receiver) {
		const file = `${this.instance.root}/destination.json`;
		const { type, config } = receiver.destination();
		if (this.unsynced)
			Object.assign(config[type], this.kind.unsynced);
		fs.writeFileSync(file, JSON.stringify({ id: 'sink',
			label: 'sink', disabled: this.drain, type, config }));
		await this.instance.must('spooldest', 'create', file);
	}

	#drop() {
		return submit(`${BUILD}/bench/drop`, this.instance.spool,
		    this.sources.files, BATCH, 0,
		    ...this.kind.files ? ['files'] : []);
	}

	#waiting() {
		return fs.readdirSync(`${this.instance.spool}/cur`).length;
	}

	#done() {
		return fs.readdirSync(`${this.instance.spool}/done`).length;
	}

	async run() {
		const processes = new Processes(this.roots);
		const before = processes.cpu();
		let begin = process.hrtime.bigint();
		if (this.drain)
			await this.instance.must('spooldest', 'enable', 'sink');
		else
			begin = (await this.#drop()).values().next().value.due;
		await eventually('all outcomes are recorded', () =>
			this.#waiting() === 0 && this.#all(), PATIENCE);
		return { ms: Number(process.hrtime.bigint() - begin) / 1e6,
			cpu: processes.cpu() - before };
	}

	// Everything dropped was taken, and nothing waits for another attempt.
	#all() {
		const left = ['new', 'retry', 'hold', 'failed'].reduce(
		    (sum, name) => sum + fs.readdirSync(
			`${this.instance.spool}/${name}`).length, 0);
		return left === 0 && this.#done() > 0;
	}

	async close() {
		await this.instance.must('spoolctl', 'stop');
	}
}

// `peer(receiver, sources)` is {command, words, environment}; of this process's
// environment, which may tell of proxies and certificates, it gets no more.
export class Command {
	constructor(peer) {
		this.peer = peer;
	}

	async open(volume, receiver, sources) {
		sources.write();
		this.line = await this.peer(receiver, sources);
	}

	async run() {
		const { command, words, environment } = this.line;
		const { PATH, HOME } = process.env;
		const before = reaped();
		const begin = process.hrtime.bigint();
		const child = launch(command, words, { stdio: NOTHING,
			env: { PATH, HOME, ...environment } });
		const [status] = await once(child, 'exit');
		const ms = Number(process.hrtime.bigint() - begin) / 1e6;
		if (status !== 0)
			throw new Error(`${command} ended with ${status}`);
		return { ms, cpu: reaped() - before };
	}

	async close() {}
}
