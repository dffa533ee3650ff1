// bullmq.mjs - BullMQ on a Redis that syncs before it answers
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { eventually } from '../faults/instance.mjs';
import { BATCH, submit } from './client.mjs';
import { launch } from './processes.mjs';
import { Sink, freePort } from './sink.mjs';

const PATIENCE = 900000;
const execute = promisify(execFile);
const beside = (name) => new URL(name, import.meta.url).pathname;

export class Bullmq {
	name = 'bullmq';
	needs = ['redis-server', 'redis-cli', beside('node_modules/bullmq')];
	Sink = Sink;
	runs = ['drain', 'end to end', 'moderate', 'idle'];

	async open(path, sink, drain) {
		fs.mkdirSync(`${path}/redis`);
		this.port = await freePort();
		this.redis = launch('redis-server', ['--bind', '127.0.0.1',
			'--port', this.port, '--dir', `${path}/redis`,
			'--appendonly', 'yes', '--appendfsync', 'always',
			'--save', ''], { stdio: 'ignore' });
		this.roots = [this.redis.pid];
		await eventually('redis answers', async () =>
			await this.#ask('ping') === 'PONG');
		this.worker = launch(process.execPath, [
			beside('bullmq_worker.mjs'), this.port, sink.url],
		{ stdio: ['pipe', 'pipe', 'inherit'] });
		this.roots.push(this.worker.pid);
		await once(this.worker.stdout, 'data');
		if (!drain)
			await this.go();
	}

	async #ask(...words) {
		try {
			const { stdout } = await execute('redis-cli',
			    ['-p', this.port, ...words]);
			return stdout.trim();
		} catch {
			return '';
		}
	}

	feed(jobs, rate) {
		return submit(process.execPath, beside('bullmq_client.mjs'),
		    this.port, jobs, BATCH, rate);
	}

	preload(jobs) {
		return this.feed(jobs, 0);
	}

	async go() {
		this.worker.stdin.write('go\n');
	}

	settled(jobs) {
		return eventually('all outcomes are recorded', async () =>
			Number(await this.#ask('zcard',
			    'bull:bench:completed')) === jobs, PATIENCE);
	}

	async close() {
		const ended = [this.worker, this.redis].map((child) =>
			once(child, 'exit'));
		this.worker.stdin.end();
		await ended[0];
		this.redis.kill();
		await ended[1];
	}
}
