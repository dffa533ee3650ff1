// crowd.mjs [--jobs N] [--samples N] [--durable]: what an organization that
// drops N jobs at once costs another one, which drops a single job now and
// then.  Printed is how long that takes from its rename into new/ to its
// receiver, idle and meanwhile, and the ratio of the medians, which is to be 2
// at most.  With --durable the crowd syncs what it drops, a batch at a time:
// then the disk is shared as well, which nobody but its owner divides.
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { BUILD, Instance } from '../faults/instance.mjs';
import { BATCH, submit } from './client.mjs';
import { Sink } from './sink.mjs';

const argv = process.argv.slice(2);
const option = (name, fallback) => {
	const at = argv.indexOf(name);
	return at < 0 ? fallback : Number(argv[at + 1]);
};
const jobs = option('--jobs', 100000);
const samples = option('--samples', 100);
const durable = argv.includes('--durable');
const OTHER = 'quiet';
const APART = 50;	// ms between an arrival and the next job

const base = fs.mkdtempSync(
    `${process.env.TMPDIR ?? os.tmpdir()}/spoold-bench.`);
const instance = new Instance(`${base}/instance`);
const spool = `${instance.root}/spool/${OTHER}`;

// Whoever waits for a job is told when it has come.
const awaited = new Map();
const receiver = http.createServer((request, response) => {
	let body = '';
	request.on('data', (text) => { body += text; });
	request.on('end', () => {
		response.end();
		awaited.get(JSON.parse(body).data.n)?.(
		    process.hrtime.bigint());
	});
});

async function destination(org, id, url) {
	const file = `${base}/${id}.json`;
	fs.writeFileSync(file, JSON.stringify({ id, label: id,
		type: 'webhook', config: { webhook: { url } } }));
	await instance.must('spooldest', '-o', org, 'create', file);
}

let dropped = 0;

// A single job; ms until it arrived.
async function single() {
	await pause(APART);
	const n = dropped++;
	const arrived = new Promise((done) => awaited.set(n, done));
	fs.writeFileSync(`${spool}/tmp/${n}`, JSON.stringify({
		destinations: [OTHER],
		payload: { type: 'data', data: { n } } }));
	const begin = process.hrtime.bigint();
	fs.renameSync(`${spool}/tmp/${n}`, `${spool}/new/${n}.json`);
	const taken = Number(await arrived - begin) / 1e6;
	awaited.delete(n);
	return taken;
}

const median = (list) =>
	list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const show = (name, list) => console.log(`${name}: ${
	median(list).toFixed(1)} ms (${Math.min(...list).toFixed(1)}-${
	Math.max(...list).toFixed(1)}), ${list.length} jobs`);

async function measure() {
	const idle = [], meanwhile = [];
	let busy = true;
	const sink = await Sink.open(jobs);
	await instance.init({});
	await instance.must('spoolctl', 'org', 'add', OTHER);
	await instance.must('spoolconf', '-e',
	    `organization.${OTHER}.egress_allow=loopback`);
	await instance.start();
	await destination('demo', 'sink', sink.url);
	await destination(OTHER, OTHER,
	    `http://127.0.0.1:${receiver.address().port}/`);
	await single();
	while (idle.length < samples)
		idle.push(await single());
	sink.await();
	const end = () => { busy = false; };
	sink.reached.then(end, end);
	const crowd = submit(`${BUILD}/bench/drop`, instance.spool, jobs,
	    durable ? BATCH : jobs, 0);
	crowd.catch(end);
	while (busy)
		meanwhile.push(await single());
	await crowd;
	await sink.reached;
	show('idle', idle);
	show(`beside ${jobs} jobs of another organization`, meanwhile);
	console.log(`ratio of the medians: ${
		(median(meanwhile) / median(idle)).toFixed(2)}`);
	await sink.close();
}

try {
	receiver.listen(0, '127.0.0.1');
	await once(receiver, 'listening');
	await measure();
} catch (error) {
	console.error(`bench: ${error.stack}`);
	process.exitCode = 1;
} finally {
	await instance.crash();
	fs.rmSync(base, { recursive: true });
	process.exit();
}
