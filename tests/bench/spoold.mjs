// spoold.mjs - spoold itself, as `spoolctl init` makes it, and the yardstick
//
// What is measured has `name`, `needs` (commands and files), `Sink` (what it
// sends to), `runs`, open(path, sink, drain), from then on `roots` (the pids of
// what serves; clients do not count), preload(jobs), go(), feed(jobs, rate),
// settled(jobs) and close().
import { once } from 'node:events';
import fs from 'node:fs';
import { BUILD, Instance, eventually } from '../faults/instance.mjs';
import { BATCH, submit } from './client.mjs';
import { launch } from './processes.mjs';
import { Sink } from './sink.mjs';

const PATIENCE = 900000;	// ms, where nothing tells of progress
const drop = (directory, jobs, rate = 0) =>
	submit(`${BUILD}/bench/drop`, directory, jobs, BATCH, rate);

export class Spoold {
	name = 'spoold';
	needs = ['pgrep'];
	Sink = Sink;
	runs = ['drain', 'end to end', 'moderate', 'idle'];

	async open(path, sink, drain) {
		this.instance = new Instance(`${path}/spoold`);
		await this.instance.init({});
		await this.instance.destinations([{ id: 'sink', url: sink.url,
			disabled: drain }]);
		await this.instance.start();
		this.roots = [await this.instance.supervisor()];
	}

	#waiting() {
		return fs.readdirSync(`${this.instance.spool}/cur`).length;
	}

	async preload(jobs) {
		await drop(this.instance.spool, jobs);
		await eventually('all were accepted',
		    () => this.#waiting() === jobs, PATIENCE);
	}

	async go() {
		await this.instance.must('spooldest', 'enable', 'sink');
	}

	feed(jobs, rate) {
		return drop(this.instance.spool, jobs, rate);
	}

	settled() {
		return eventually('all outcomes are recorded',
		    () => this.#waiting() === 0, PATIENCE);
	}

	async close() {
		await this.instance.must('spoolctl', 'stop');
	}
}

export class Yardstick {
	name = 'yardstick';
	needs = [];
	Sink = Sink;
	runs = ['drain'];

	async open(path, sink) {
		this.path = `${path}/yardstick`;
		for (const name of ['', '/tmp', '/new', '/cur', '/done'])
			fs.mkdirSync(`${this.path}${name}`);
		this.url = sink.url;
	}

	async preload(jobs) {
		await drop(this.path, jobs);
		this.child = launch(`${BUILD}/bench/yardstick`,
		    [this.path, this.url],
		    { stdio: ['pipe', 'pipe', 'inherit'] });
		this.finished = once(this.child.stdout, 'data');
		this.roots = [this.child.pid];
	}

	async go() {
		this.child.stdin.write('go\n');
	}

	settled() {
		return this.finished;
	}

	async close() {
		const ended = once(this.child, 'exit');
		this.child.stdin.end();
		await ended;
	}
}
