// random_kills.mjs [--kills N] [--seed N]: kill -9 of random processes of an
// instance (the supervisor, its workers, its helper) at random moments while
// jobs pour in; whenever it was the supervisor, it is started again.  At the
// end every job must have been delivered, every duplicate be marked in its
// receipt, and the journal verify.
import fs from 'node:fs';
import os from 'node:os';
import { Instance, pause } from './instance.mjs';
import { Receiver } from './receiver.mjs';
import { settled, wrongs } from './checks.mjs';
import { SETTINGS } from './story.mjs';
import { random } from './random.mjs';

const argv = process.argv.slice(2);
const option = (name, fallback) => {
	const at = argv.indexOf(name);
	return at < 0 ? fallback : Number(argv[at + 1]);
};
const kills = option('--kills', 200);
const seed = option('--seed', Date.now() % 1000000);
const next = random(seed);
const DESTINATIONS = ['ok', 'ok-two', 'slow', 'flaky', 'bad'];
// One job in so many goes to `stuck`, too: its window falls to one, and each
// of its first attempts takes a whole timeout.
const STUCK_EVERY = 200;

const root = fs.mkdtempSync(
    `${process.env.TMPDIR ?? os.tmpdir()}/spoold-random.`);
const instance = new Instance(root);
const receiver = new Receiver();

let pouring = true;
async function pour() {
	for (let n = 1; pouring; n++) {
		const first = next(DESTINATIONS.length);
		const count = 1 + next(3);
		const destinations = Array.from({ length: count }, (_, i) =>
			DESTINATIONS[(first + i) % DESTINATIONS.length]);
		if (n % STUCK_EVERY === 0)
			destinations.push('stuck');
		instance.drop(`job-${n}`, instance.job(destinations),
		    { destinations });
		await pause(next(12));
	}
}

async function killOne(counts) {
	await pause(next(300));
	const pid = await instance.supervisor();
	const victims = [pid, ...await instance.children(pid)];
	const victim = victims[next(victims.length)];
	if (victim === pid) {
		counts.supervisor++;
		await instance.crash();
		await instance.start();
	} else {
		counts.children++;
		Instance.kill(victim);
	}
}

await receiver.listen();
await instance.init({ ...SETTINGS, retry: { ...SETTINGS.retry,
	max_attempts: '1000' } });
await instance.destinations([...DESTINATIONS, 'stuck'].map((id) =>
	({ id, url: receiver.url('all', id), timeout: 400 })));
await instance.start();
const pourer = pour();
const counts = { supervisor: 0, children: 0 };
let found = [];
try {
	for (let n = 0; n < kills; n++)
		await killOne(counts);
	pouring = false;
	await pourer;
	await settled(instance, 120000);
	await instance.must('spoolctl', 'stop');
	found = await wrongs(instance, receiver, 'all');
} catch (error) {
	pouring = false;
	found.push(error.message);
}
await instance.crash();
receiver.close();
const duplicates = [...receiver.all('all').values()].filter((one) =>
	one.taken > 1).length;
console.log(`seed ${seed}: ${kills} kills (${counts.supervisor} of the ` +
    `supervisor, ${counts.children} of others), ${instance.drops.length} ` +
    `jobs, ${duplicates} tickets taken more than once`);
for (const sentence of found.slice(0, 20))
	console.log(`\t${sentence}`);
if (found.length > 0)
	console.log(`${found.length} wrongs; kept: ${root}`);
else
	fs.rmSync(root, { recursive: true });
process.exit(found.length > 0 ? 1 : 0);
