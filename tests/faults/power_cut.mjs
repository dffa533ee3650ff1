// power_cut.mjs FILESYSTEM [--cuts N] [--seed N]: power cuts under load
//
// An instance lives on a loop image of that file system (ext4, xfs, btrfs).
// Jobs pour in, each synced by its dropper before it counts.  At a random
// moment FS_IOC_SHUTDOWN, without flushing the log, ends the file system as a
// power cut would; all processes are killed, the image is mounted again, and
// spoold started.  After the last cut everything that was durable must have
// been delivered, every duplicate be marked, and the journal verify.  Root.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { Instance, eventually, pause } from './instance.mjs';
import { Receiver } from './receiver.mjs';
import { settled, wrongs } from './checks.mjs';
import { SETTINGS } from './story.mjs';
import { random } from './random.mjs';

const argv = process.argv.slice(2);
const option = (name, fallback) => {
	const at = argv.indexOf(name);
	return at < 0 ? fallback : Number(argv[at + 1]);
};
const kind = argv[0] ?? 'ext4';
const cuts = option('--cuts', 50);
const seed = option('--seed', Date.now() % 1000000);
const next = random(seed);
const DESTINATIONS = ['ok', 'ok-two', 'slow', 'flaky', 'bad'];
const MKFS = { ext4: ['mkfs.ext4', '-q'], xfs: ['mkfs.xfs', '-q'],
	btrfs: ['mkfs.btrfs', '-q'] };

const base = fs.mkdtempSync(
    `${process.env.TMPDIR ?? os.tmpdir()}/spoold-power.`);
const image = `${base}/image`;
const mounted = `${base}/mounted`;
const instance = new Instance(`${mounted}/instance`);
const receiver = new Receiver();

const sh = (command, ...words) =>
	execFileSync(command, words, { stdio: ['ignore', 'ignore', 'inherit'] });
const mount = () => sh('mount', '-o', 'loop', image, mounted);

// FS_IOC_SHUTDOWN with FS_SHUTDOWN_FLAGS_NOLOGFLUSH: what is not on the disk
// by now will never be.
const cut = () => sh('perl', '-e', 'open(my $f, "<", $ARGV[0]) or die $!; ' +
    'my $how = pack("L", 2); ioctl($f, 0x8004587d, $how) or die $!', mounted);

async function unmount() {
	await eventually('umount', () => {
		try {
			execFileSync('umount', [mounted], { stdio: 'ignore' });
			return true;
		} catch {
			return false;
		}
	});
}

// A drop counts once its last sync has returned; one that the cut stops is
// nobody's promise.
const load = { on: true, number: 0 };
async function pour() {
	while (load.on) {
		const n = ++load.number;
		const first = next(DESTINATIONS.length);
		const destinations = Array.from({ length: 1 + next(3) },
		    (_, i) => DESTINATIONS[(first + i) % DESTINATIONS.length]);
		try {
			instance.drop(`job-${n}`, instance.job(destinations),
			    { durable: true, destinations });
		} catch (error) {
			if (!['EIO', 'EROFS', 'ESHUTDOWN', 'EUCLEAN'].includes(
			    error.code))
				throw error;
			return;
		}
		await pause(next(6));
	}
}

async function round() {
	load.on = true;
	const pourer = pour();
	await pause(100 + next(900));
	cut();
	load.on = false;
	await pourer;
	await instance.crash();
	await unmount();
	mount();
	await instance.start();
}

fs.mkdirSync(mounted);
sh('truncate', '-s', '512M', image);
sh(...MKFS[kind], image);
mount();
await receiver.listen();
await instance.init({ ...SETTINGS, retry: { ...SETTINGS.retry,
	max_attempts: '1000' } });
await instance.destinations(DESTINATIONS.map((id) =>
	({ id, url: receiver.url('all', id), timeout: 3000 })));
sh('sync', '-f', mounted);
await instance.start();
let found = [];
let survived = 0;
try {
	for (; survived < cuts; survived++)
		await round();
	await settled(instance, 120000);
	await instance.must('spoolctl', 'stop');
	found = await wrongs(instance, receiver, 'all');
} catch (error) {
	load.on = false;
	found.push(`after ${survived} cuts: ${error.message}`);
}
const duplicates = [...receiver.all('all').values()].filter((one) =>
	one.taken > 1).length;
console.log(`${kind}, seed ${seed}: ${survived} power cuts, ` +
    `${instance.drops.length} durable jobs, ${duplicates} tickets taken ` +
    'more than once');
for (const sentence of found.slice(0, 20))
	console.log(`\t${sentence}`);
await instance.crash();
receiver.close();
if (found.length > 0) {
	sh('cp', '-a', instance.root, `${base}/kept`);
	console.log(`${found.length} wrongs; kept: ${base}/kept`);
}
await unmount();
fs.rmSync(image);
if (found.length === 0)
	fs.rmSync(base, { recursive: true });
process.exit(found.length > 0 ? 1 : 0);
