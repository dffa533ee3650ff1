// bullmq_worker.mjs PORT URL: signs and posts jobs, 50 at once, over kept
// connections; begins at `go` on standard input, ends with it.
import { createHmac } from 'node:crypto';
import http from 'node:http';
import readline from 'node:readline';
import { Worker } from 'bullmq';

const [port, url] = process.argv.slice(2);
const AT_ONCE = 50;
const key = '0123456789abcdef0123456789abcdef';
const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });

function post(job) {
	const body = JSON.stringify(job.data);
	const stamp = Math.floor(Date.now() / 1000);
	const signature = createHmac('sha256', key)
		.update(`${job.id}.${stamp}.${body}`).digest('base64');
	return new Promise((done, fail) => {
		const request = http.request(url, { method: 'POST', agent,
			headers: { 'Content-Type': 'application/json',
				'Content-Length': Buffer.byteLength(body),
				'webhook-id': job.id,
				'webhook-timestamp': stamp,
				'webhook-signature': `v1,${signature}` } },
		(response) => {
			response.resume();
			response.on('end', () => response.statusCode === 200 ?
			    done() : fail(new Error(response.statusCode)));
		});
		request.on('error', fail);
		request.end(body);
	});
}

const worker = new Worker('bench', post, { autorun: false,
	concurrency: AT_ONCE,
	connection: { host: '127.0.0.1', port: Number(port) } });
await worker.waitUntilReady();
console.log('ready');
for await (const line of readline.createInterface({ input: process.stdin }))
	if (line === 'go')
		worker.run();
await worker.close();
agent.destroy();
