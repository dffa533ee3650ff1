// checks.mjs - what must be true of an instance once the dust has settled,
// however often it was killed
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { eventually } from './instance.mjs';

const execute = promisify(execFile);

const END = { completed: true, failed: true, cancelled: true, refused: true };

const describe = (instance, open) => open.slice(0, 3).map((drop) => {
	const receipt = instance.receipt(drop);
	return `${drop.name} ${drop.id} ` +
	    `${receipt ? JSON.stringify(receipt) : 'none'}`;
}).join('; ');

// Waits until each drop's receipt says that nothing is under way any more; not
// for longer than `limit` ms without one more of which that is true.
export async function settled(instance, limit = 60000) {
	let open = [...instance.drops];
	const look = () => {
		open = open.filter((drop) =>
			!END[instance.receipt(drop)?.status]);
		return open.length;
	};
	while (look() > 0) {
		const before = open.length;
		await eventually(() => `receipts of ${before}`,
		    () => look() < before, limit).catch(() => {
			throw new Error(`${before} unfinished: ` +
			    describe(instance, open));
		});
	}
}

// What is wrong, as sentences; none if all is as promised.
export async function wrongs(instance, receiver, run) {
	const found = [];
	const lines = instance.lines();
	for (const drop of instance.drops)
		checkDrop(instance, receiver, run, drop, found);
	checkTickets(instance, found);
	checkStored(instance, lines, found);
	checkJournal(lines, receiver, run, found);
	await checkVerifiers(instance, found);
	return found;
}

function expected(destination) {
	return destination.startsWith('bad') ? 'failed' : 'delivered';
}

function checkDrop(instance, receiver, run, drop, found) {
	const receipt = instance.receipt(drop);
	if (drop.refused) {
		if (receipt?.status !== 'refused')
			found.push(`${drop.name}: not refused`);
		return;
	}
	if (receipt?.deliveryId !== drop.id)
		found.push(`${drop.name}: lost, or another id than ${drop.id}`);
	for (const name of drop.destinations) {
		const entry = receipt?.destinations?.find((one) =>
			one.destinationId === name);
		const seen = receiver.seen(run, drop.id, name);
		const what = `${drop.name} ${drop.id}.${name}`;
		if (entry?.status !== expected(name))
			found.push(`${what}: ${entry?.status}`);
		if (name === 'store')
			continue;	// nothing comes to the receiver
		if (seen.requests < 1)
			found.push(`${what}: never arrived`);
		if (seen.taken > 1 && entry?.possibleDuplicate !== true)
			found.push(`${what}: arrived ${seen.taken} times, ` +
			    'and its receipt does not say so');
		if (expected(name) === 'delivered' && seen.taken < 1)
			found.push(`${what}: never taken`);
	}
}

// Each ticket is in one place, and none is missing.
function checkTickets(instance, found) {
	const places = new Map();
	for (const { queue, name } of instance.tickets()) {
		const key = name.split(':')[0];
		if (places.has(key))
			found.push(`${key}: in ${places.get(key)} and ${queue}`);
		places.set(key, queue);
	}
	for (const drop of instance.drops.filter((one) => one.purged)) {
		for (const name of fs.readdirSync(`${instance.spool}/jobs`))
			if (name.startsWith(drop.id))
				found.push(`jobs/${name} was to be purged`);
		for (const key of places.keys())
			if (key.startsWith(drop.id))
				found.push(`${key} was to be purged`);
	}
	for (const drop of instance.drops.filter((one) => !one.purged))
		for (const name of drop.refused ? [] : drop.destinations) {
			const place = places.get(`${drop.id}.${name}`);
			const wanted = expected(name) === 'failed' ?
			    'failed' : 'done';
			if (place !== wanted)
				found.push(`${drop.id}.${name}: in ${place}`);
		}
}

// What is to be erased is gone, on record, and with its record; all else is
// where it was stored, with the record of that.
function checkStored(instance, lines, found) {
	const records = instance.records();
	// Not every story stores anything.
	const files = instance.share === undefined ? [] :
		fs.readdirSync(instance.share);
	for (const drop of instance.drops.filter((one) =>
		one.destinations.includes('store'))) {
		const erased = lines.filter((line) => line.event === 'erased' &&
			line.job === drop.id);
		const kept = drop.erased ? 0 : 1;
		const what = `${drop.name} ${drop.id}`;
		if (files.filter((name) => name === `${drop.id}.json`)
			.length !== kept)
			found.push(`${what}: its file is not as it should be`);
		if (records.filter((path) => path.endsWith(`/${drop.id}.store`))
			.length !== kept)
			found.push(`${what}: ${records.join(' ')}`);
		if ((erased.length === 0) !== (kept === 1))
			found.push(`${what}: erased ${erased.length} times`);
		for (const line of erased.filter((one) => one.errorCode))
			found.push(`${what}: ${line.reason}`);
	}
	for (const name of files)
		if (!instance.drops.some((one) => name === `${one.id}.json`))
			found.push(`share/${name} is nothing of anybody's`);
}

// One acceptance for each job, an outcome for each attempt, and never more
// requests than attempts on record.
function checkJournal(lines, receiver, run, found) {
	const accepted = new Map();
	const attempts = new Map();
	const open = new Map();
	for (const line of lines) {
		if (line.event === 'accepted')
			accepted.set(line.job, (accepted.get(line.job) ?? 0) + 1);
		if (line.event === 'attempt') {
			const key = `${line.job} ${line.dest}`;
			attempts.set(key, (attempts.get(key) ?? 0) + 1);
			open.set(line.seq, key);
		}
		if (line.of !== undefined && !open.delete(line.of))
			found.push(`seq ${line.seq}: ${line.event} of an ` +
			    `attempt ${line.of} that has none under way`);
	}
	for (const [job, times] of accepted)
		if (times !== 1)
			found.push(`${job}: accepted ${times} times`);
	for (const [seq, key] of open)
		found.push(`${key}: attempt ${seq} has no outcome`);
	for (const [key, counts] of receiver.all(run))
		if (counts.requests > (attempts.get(key) ?? 0))
			found.push(`${key}: ${counts.requests} requests, ` +
			    `${attempts.get(key) ?? 0} attempts on record`);
}

async function checkVerifiers(instance, found) {
	const verify = await instance.run('spoollog', 'verify');
	if (verify.status !== 0)
		found.push(`spoollog verify: ${verify.out}${verify.err}`);
	const root = new URL('..', import.meta.url).pathname;
	await execute(process.execPath, [`${root}/data/verify_journal.mjs`,
		instance.journal, `${instance.root}/log/journal.pub`])
		.catch((error) => found.push('the independent verifier: ' +
		    `${error.stdout}${error.stderr}`));
	for (const name of fs.readdirSync(instance.root))
		if (name.startsWith('sanitizer'))
			found.push(fs.readFileSync(`${instance.root}/${name}`,
			    'utf8').slice(0, 2000));
}
