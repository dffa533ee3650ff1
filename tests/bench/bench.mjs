// bench.mjs [--jobs N] [--rounds N] [--peers "NAME..."]: spoold's throughput,
// cost and latency beside those of its peers, on the same file system, within
// the same minutes; medians, with the lowest and the highest.
//
// A drain begins with all jobs waiting; end to end begins with nothing, and a
// client submits durably in batches; `moderate` and `idle` are end to end at a
// rate.  A job counts when the sink had it.  Clients and sinks do not count as
// cost.  Exit status 1 if a job was lost or came twice, or if something did not
// run; never because of a time.
import fs from 'node:fs';
import { Bullmq } from './bullmq.mjs';
import { Postfix } from './postfix.mjs';
import { Processes, Tracer, killLaunched } from './processes.mjs';
import { Report } from './report.mjs';
import { Spoold, Yardstick } from './spoold.mjs';
import { Volume } from './volume.mjs';

const SAMPLE = 500;	// ms between two looks at the memory
const PEERS = { yardstick: Yardstick, bullmq: Bullmq, postfix: Postfix };
const RUNS = {
	drain: { most: Infinity, rate: 0 },
	'end to end': { most: Infinity, rate: 0 },
	moderate: { most: 2000, rate: 200 },
	idle: { most: 200, rate: 20 },
};
const TRACED = 500;	// jobs, where system calls are counted

const argv = process.argv.slice(2);
const option = (name, fallback) => {
	const at = argv.indexOf(name);
	return at < 0 || argv[at + 1] === '' ? fallback : argv[at + 1];
};
const jobs = Number(option('--jobs', '20000'));
const rounds = Number(option('--rounds', '3'));
const names = option('--peers', 'yardstick bullmq postfix').split(/\s+/)
	.filter((name) => name !== 'none');

const volume = new Volume();
const report = new Report(jobs, rounds);

// Whatever ends it: nothing stays mounted, nothing goes on running.
process.on('exit', () => {
	killLaunched();
	volume.close();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.on(signal, () => process.exit(1));

// Jobs go through what is open; what that took.
async function observe(peer, kind, count, sink, traced) {
	const drain = kind === 'drain';
	if (drain)
		await peer.preload(count);
	const processes = new Processes(peer.roots);
	const tracer = traced && await Tracer.attach(processes,
	    `${volume.base}/strace`);
	const cpu = processes.cpu();
	const flushes = volume.flushes();
	const timer = setInterval(() => processes.sample(), SAMPLE);
	sink.await();
	let begin = process.hrtime.bigint();
	const [drops, end] = await Promise.all([drain ? peer.go() :
	    peer.feed(count, RUNS[kind].rate), sink.reached]);
	if (!drain)
		begin = drops.values().next().value.due;
	const flushed = volume.flushes() - flushes;
	await peer.settled(count);
	clearInterval(timer);
	processes.sample();
	const taken = { drops, count, flushes: flushed,
		rate: count / (Number(end - begin) / 1e9),
		cpu: (processes.cpu() - cpu) / count * 1000,
		peaks: processes.peaks() };
	return tracer ? { ...taken, ...await tracer.detach() } : taken;
}

async function measure(peer, kind, { traced = false } = {}) {
	const count = Math.min(jobs, traced ? TRACED : Infinity,
	    RUNS[kind].most);
	volume.fresh();
	const sink = await peer.Sink.open(count);
	await peer.open(volume.path, sink, kind === 'drain');
	const taken = await observe(peer, kind, count, sink, traced);
	await peer.close();
	const { requests, distinct, arrivals } = await sink.close();
	if (distinct !== count || requests !== count)
		throw new Error(`${peer.name}, ${kind}: of ${count} jobs ` +
		    `${distinct} came, in ${requests} requests`);
	report.add(peer.name, kind, { ...taken, arrivals }, traced);
}

const peers = [new Spoold(), ...names.filter((name) => name in PEERS)
	.map((name) => new PEERS[name]())];

// What is wrong or missing is said before anything is measured.
function check() {
	const unknown = names.find((name) => !(name in PEERS));
	if (unknown !== undefined)
		throw new Error(`no such peer: ${unknown}; there are ` +
		    Object.keys(PEERS).join(', '));
	if (!(jobs >= 1 && rounds >= 1))
		throw new Error('N and ROUNDS are numbers, 1 or more');
	const found = (name) => [...process.env.PATH.split(':'), '/usr/sbin']
		.some((path) => fs.existsSync(`${path}/${name}`));
	const missing = ['strace', 'mkfs.ext4', 'losetup',
		...peers.flatMap(({ needs }) => needs)].filter((name) =>
		name.startsWith('/') ? !fs.existsSync(name) : !found(name));
	if (missing.length > 0)
		throw new Error(`not here: ${missing.join(', ')}; ` +
		    'see make bench-deps');
	if (process.getuid() !== 0)
		throw new Error('only root can mount a file system');
}

async function all() {
	check();
	volume.open();
	for (let round = 1; round <= rounds; round++)
		for (const kind of Object.keys(RUNS))
			for (const peer of peers)
				if (peer.runs.includes(kind))
					await measure(peer, kind);
	for (const peer of peers)
		for (const kind of peer.runs)
			if (RUNS[kind].rate === 0)
				await measure(peer, kind, { traced: true });
}

try {
	await all();
	report.print();
} catch (error) {
	console.error(`bench: ${error.message}`);
	process.exitCode = 1;
}
process.exit();
