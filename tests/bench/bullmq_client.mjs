// bullmq_client.mjs PORT JOBS BATCH RATE: submits as drop.c does, and prints
// `SEQ DUE ADDED` for each job.
import { setTimeout as pause } from 'node:timers/promises';
import { Queue } from 'bullmq';

const [port, jobs, batch, rate] = process.argv.slice(2).map(Number);
const SEQ_FIRST = 1000000;
const now = () => process.hrtime.bigint();
const queue = new Queue('bench', { connection: { host: '127.0.0.1', port } });
await queue.waitUntilReady();

const job = (n) => {
	const data = { seq: SEQ_FIRST + n, pad: '' };
	data.pad = 'x'.repeat(1024 - JSON.stringify(data).length);
	return { name: 'post', data };
};
const interval = rate === 0 ? 0n : 1000000000n / BigInt(rate);
const start = now();
const lines = [];
for (let n = 0; n < jobs;) {
	const first = start + interval * BigInt(n);
	if (interval > 0n && first > now()) {
		await pause(Math.max(1, Number(first - now()) / 1e6));
		continue;
	}
	const begun = now();
	const due = [];
	while (n + due.length < jobs && due.length < batch) {
		const at = interval === 0n ? begun :
		    start + interval * BigInt(n + due.length);
		if (at > begun)
			break;
		due.push(at);
	}
	await queue.addBulk(due.map((_, i) => job(n + i)));
	const added = now();
	for (const at of due)
		lines.push(`${SEQ_FIRST + n++} ${at} ${added}`);
}
console.log(lines.join('\n'));
await queue.close();
