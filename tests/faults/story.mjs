// story.mjs - what the kill campaign lets an instance live through
//
// Four stories, beside that of links (links.mjs).  In `work` spoold accepts,
// attempts, records outcomes, retries, holds, writes checkpoints and stops.  In
// `recovery` it starts on what a kill in the middle of all that left, and a torn
// journal.  In `purge` it sweeps what has rested for long enough, and goes on
// working.  In `erase` it delivers into a directory, and erases there what is old
// enough, but not what is held.  A story is told the same way each time, to its
// end or until spoold is dead; `finish` is what a person does afterwards, so that
// every job ends.
import fs from 'node:fs';
import { settled } from './checks.mjs';
import { eventually, pause } from './instance.mjs';

export const SETTINGS = {
	retry: { schedule: '{}', base_delay: '"40ms"', max_delay: '"80ms"',
		max_attempts: '50' },
	queue: { checkpoint_interval: '"150ms"', reserve_bytes: '"1M"',
		reserve_inodes: '100' },
};

export async function prepare(instance, receiver, run) {
	await instance.init(SETTINGS);
	instance.share = `${instance.root}/share`;
	fs.mkdirSync(instance.share);
	instance.set(/^organization .*\{$/m, `$&\n\tlocal_allow = ` +
	    `{"${instance.share}"}`);
	await instance.destinations(['ok', 'ok-off', 'flaky', 'bad', 'stuck']
		.map((id) => ({ id, url: receiver.url(run, id),
			disabled: id === 'ok-off' })));
}

// Waits for the fact, or for the end of spoold; false if it is dead.
async function alive(run, what, fact) {
	await eventually(what, () => run.ended || fact());
	return !run.ended;
}

function dropAll(instance, prefix) {
	const drop = (name, destinations, text) =>
		instance.drop(`${prefix}-${name}`,
		    text ?? instance.job(destinations), { destinations });
	drop('one', ['ok']);
	drop('many', ['ok', 'flaky', 'ok-off']);
	drop('bad', ['bad']);
	fs.writeFileSync(`${instance.spool}/data/${prefix}.bin`,
	    'x'.repeat(5000));
	drop('file', ['flaky'], JSON.stringify({ destinations: ['flaky'],
		payload: { type: 'export', file: `${prefix}.bin` } }));
	drop('wrong', [], '{"destinations":["ok"],"payload":{}}')
		.refused = true;
	drop('key', ['ok'], instance.job(['ok'],
	    { options: { idempotencyKey: prefix, priority: 9 } }));
}

function hasTicket(instance, queue, drop, destination) {
	return fs.readdirSync(`${instance.spool}/${queue}`).find((name) =>
		name.startsWith(`${drop.id}.${destination}:`));
}

// A ticket moved by hand: it may leave in the same moment.
function move(instance, from, name, to) {
	try {
		fs.renameSync(`${instance.spool}/${from}/${name}`,
		    `${instance.spool}/${to}/${name}`);
	} catch (error) {
		if (error.code !== 'ENOENT')
			throw error;
	}
}

const done = (instance, drop, destination) =>
	instance.receipt(drop)?.destinations?.find((one) =>
		one.destinationId === destination)?.status === 'delivered';

export async function work(instance, run) {
	dropAll(instance, 'w');
	const [one, many] = instance.drops;
	if (!await alive(run, 'first delivery', () =>
		done(instance, one, 'ok') && done(instance, many, 'flaky')))
		return;
	if (!await alive(run, 'a ticket waits', () =>
		hasTicket(instance, 'cur', many, 'ok-off')))
		return;
	const before = instance.checkpoint();
	await instance.run('spoolsuper', '-h', many.id);
	await instance.run('spoolsuper', '-H', many.id);
	const name = hasTicket(instance, 'cur', many, 'ok-off');
	if (run.ended || !name)
		return;
	move(instance, 'cur', name, 'hold');
	await pause(60);
	move(instance, 'hold', name, 'cur');
	if (!await alive(run, 'a checkpoint', () =>
		instance.checkpoint() !== before))
		return;
	await instance.run('spooldest', 'enable', 'ok-off');
	if (!await alive(run, 'all finished', () =>
		done(instance, many, 'ok-off')))
		return;
	await instance.run('spoolctl', 'stop');
	await run.dead;
}

// What a kill under way left, before the story of its recovery.
export async function wreck(instance) {
	await instance.start();
	instance.drop('r-stuck', instance.job(['stuck', 'ok-off', 'ok']),
	    { destinations: ['stuck', 'ok-off', 'ok'] });
	dropAll(instance, 'r');
	const [stuck] = instance.drops;
	const one = instance.drops[1];
	await eventually('attempts', () => done(instance, one, 'ok') &&
		hasTicket(instance, 'cur', stuck, 'stuck'));
	await pause(Math.random() * 40);
	await instance.crash();
	// What a checkpoint covers a crash does not take.
	const covered = instance.covered(one.id);
	const segment = fs.readdirSync(instance.journal).filter((name) =>
		name.endsWith('.jsonl')).sort().pop();
	fs.appendFileSync(`${instance.journal}/${segment}`,
	    '{"seq":99,"time":"20');
	if (!covered)
		fs.rmSync(`${instance.spool}/receipts/` +
		    `${one.name}.${one.id}.json`);
}

// Until the next checkpoint, and a clean stop after it.
export async function recovery(instance, run,
    before = instance.checkpoint()) {
	if (!await alive(run, 'a checkpoint', () =>
		instance.checkpoint() !== before))
		return;
	await instance.run('spoolctl', 'stop');
	await run.dead;
}

// Jobs that came to rest long ago, of each kind; they are to be gone.
export async function ripe(instance) {
	await instance.start();
	dropAll(instance, 'p');
	await instance.run('spooldest', 'enable', 'ok-off');
	await settled(instance);
	await instance.must('spoolctl', 'stop');
	const old = new Date(Date.now() - 200 * 86400000);
	const day = `done/${old.toISOString().slice(0, 10)}`;
	fs.mkdirSync(`${instance.spool}/${day}`);
	for (const drop of instance.drops.filter((one) => !one.refused &&
	    !one.name.endsWith('key'))) {
		drop.purged = true;
		for (const { queue, path } of instance.tickets()
		    .filter(({ name }) => name.startsWith(drop.id))) {
			const rests = queue === 'done' ? day : queue;
			const name = path.split('/').pop();
			const to = `${instance.spool}/${rests}/${name}`;
			fs.renameSync(`${instance.spool}/${queue}/${path}`, to);
			fs.utimesSync(to, old, old);
		}
	}
}

export async function purge(instance, run) {
	dropAll(instance, 'w');
	await instance.run('spoolsuper', '-p');
	await recovery(instance, run);
}

const inShare = (instance) => ({ id: 'store', label: 'store', type: 'storage',
	config: { storage: { provider: 'local',
		retention: { days: 30, autoCleanup: true },
		config: { directory: instance.share } } } });

const store = (instance, name) => instance.drop(name, instance.job(['store']),
    { destinations: ['store'] });

// Delivered two hundred days ago: an old file, one that is held, and a young one.
export async function aged(instance) {
	await instance.start();
	await instance.create([inShare(instance)]);
	for (const name of ['e-old', 'e-older', 'e-held', 'e-young'])
		store(instance, name);
	await settled(instance);
	await instance.must('spoolctl', 'stop');
	const then = new Date(Date.now() - 200 * 86400000);
	const day = `stored/${then.toISOString().slice(0, 10)}`;
	fs.mkdirSync(`${instance.spool}/${day}`);
	for (const drop of instance.drops.slice(0, 3)) {
		const [path] = instance.records().filter((one) =>
			one.includes(drop.id));
		const record = JSON.parse(fs.readFileSync(
		    `${instance.spool}/stored/${path}`));
		const to = `${instance.spool}/${day}/${path.split('/')[1]}`;
		record.storedAt = then.toISOString();
		fs.writeFileSync(to, `${JSON.stringify(record)}\n`);
		fs.utimesSync(to, then, then);
		fs.rmSync(`${instance.spool}/stored/${path}`);
		drop.erased = drop.name !== 'e-held';
		if (!drop.erased)
			fs.writeFileSync(`${instance.spool}/jobs/` +
			    `${drop.id}.legal`, 'case 1\n');
	}
}

export async function erase(instance, run) {
	const before = instance.checkpoint();
	const drop = store(instance, 'e-new');
	if (!await alive(run, 'a delivery', () =>
		done(instance, drop, 'store')))
		return;
	await instance.run('spoolsuper', '-p');
	await recovery(instance, run, before);
}

// The morning after: start again, let go of all, and look on.
export async function finish(instance) {
	await instance.start();
	await instance.run('spoolsuper', '-p');
	await instance.run('spooldest', 'enable', 'ok-off');
	await instance.run('spoolsuper', '-H', 'ALL');
}
