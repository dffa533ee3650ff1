// hanging.mjs [--jobs N] [--rounds N]: what a destination that hangs costs
// another one.  Each round delivers N jobs twice, alone and beside a
// destination that takes every connection and answers nothing, in fresh
// instances; printed are both rates, and the ratio of their medians, which is
// to be 0.9 at least.
import fs from 'node:fs';
import os from 'node:os';
import { Instance, eventually } from '../faults/instance.mjs';
import { Receiver } from '../faults/receiver.mjs';

const argv = process.argv.slice(2);
const option = (name, fallback) => {
	const at = argv.indexOf(name);
	return at < 0 ? fallback : Number(argv[at + 1]);
};
const jobs = option('--jobs', 4000);
const rounds = option('--rounds', 5);
const base = fs.mkdtempSync(
    `${process.env.TMPDIR ?? os.tmpdir()}/spoold-bench.`);
const receiver = new Receiver();

const taken = (run, destination) => {
	let count = 0;
	for (const key of receiver.all(run).keys())
		count += key.endsWith(` ${destination}`) ? 1 : 0;
	return count;
};

async function rate(run, hanging) {
	const instance = new Instance(`${base}/${run}`);
	await instance.init({});
	await instance.destinations(['ok', 'hang'].map((id) => ({ id,
		url: receiver.url(run, id), timeout: 600000 })));
	await instance.start();
	for (let n = 0; hanging && n < 100; n++)
		instance.drop(`hang-${n}`, instance.job(['hang']),
		    { destinations: ['hang'] });
	if (hanging)
		await eventually('it hangs', () => taken(run, 'hang') >= 1);
	const begin = process.hrtime.bigint();
	for (let n = 0; n < jobs; n++)
		instance.drop(`ok-${n}`, instance.job(['ok']),
		    { destinations: ['ok'] });
	await eventually('all arrived', () => taken(run, 'ok') >= jobs,
	    300000);
	const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
	await instance.crash();
	receiver.forget(run);
	return jobs / seconds;
}

const median = (list) =>
	list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

await receiver.listen();
const alone = [];
const beside = [];
for (let n = 0; n < rounds; n++) {
	alone.push(await rate(`alone-${n}`, false));
	beside.push(await rate(`beside-${n}`, true));
}
receiver.close();
fs.rmSync(base, { recursive: true });
const show = (list) => list.map((one) => one.toFixed(0)).join(' ');
const ratio = median(beside) / median(alone);
console.log(`alone: ${show(alone)} a second`);
console.log(`beside one that hangs: ${show(beside)} a second`);
console.log(`ratio of the medians: ${ratio.toFixed(3)}`);
