// processes.mjs - what a group of processes and all below them has used
import { spawn } from 'node:child_process';
import fs from 'node:fs';

const TICK = 10;	// ms; USER_HZ is 100 on every Linux
// spoold's journal is synced by io_submit(2), which it uses for nothing else.
const SYNCS = ['fsync', 'fdatasync', 'syncfs', 'sync_file_range', 'msync',
	'io_submit'];

// {pid, name, parent, ticks} of a process, or undefined if it is gone.
function look(pid) {
	try {
		const text = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
		const end = text.lastIndexOf(')');
		const fields = text.slice(end + 2).split(' ');
		return { pid, name: text.slice(text.indexOf('(') + 1, end),
			parent: Number(fields[1]),
			ticks: fields.slice(11, 15).map(Number)
				.reduce((sum, one) => sum + one) };
	} catch {
		return undefined;
	}
}

// The kibibytes that a process had at most, or 0.
function peak(pid) {
	try {
		return Number(/^VmHWM:\s*(\d+)/m.exec(fs.readFileSync(
		    `/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
	} catch {
		return 0;
	}
}

export class Processes {
	#peaks = new Map();	// pid -> {name, peak}

	constructor(roots) {
		this.roots = roots;
	}

	all() {
		const every = fs.readdirSync('/proc').filter((name) =>
			/^\d+$/.test(name)).map(look)
			.filter((one) => one !== undefined);
		const found = every.filter(({ pid }) =>
			this.roots.includes(Number(pid)));
		for (const one of found)
			found.push(...every.filter(({ parent }) =>
				parent === Number(one.pid)));
		return found;
	}

	// Their CPU in ms so far, reaped children included.
	cpu() {
		return TICK * this.all().reduce((sum, one) =>
			sum + one.ticks, 0);
	}

	// Takes note of their memory; to be called now and then.
	sample() {
		for (const { pid, name } of this.all())
			this.#peaks.set(pid, { name, peak: peak(pid) ||
				(this.#peaks.get(pid)?.peak ?? 0) });
	}

	// Map of name -> kibibytes of each process of that name, sampled.
	peaks() {
		const groups = new Map();
		for (const { name, peak: most } of this.#peaks.values())
			groups.set(name, [...groups.get(name) ?? [], most]);
		return groups;
	}
}

// Whether a process was told of a path, works in it or has it open.
function uses(pid, path) {
	const links = ['cwd'];
	try {
		if (fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1')
			.includes(path))
			return true;
		links.push(...fs.readdirSync(`/proc/${pid}/fd`)
			.map((fd) => `fd/${fd}`));
		return links.some((link) => fs.readlinkSync(
		    `/proc/${pid}/${link}`).startsWith(path));
	} catch {
		return false;	// it is gone, or closed one meanwhile
	}
}

function kill(pid) {
	try {
		process.kill(pid, 'SIGKILL');
	} catch (error) {
		if (error.code !== 'ESRCH')
			throw error;
	}
}

// Kills what uses a path that nobody else knows of.
export function killUsers(path) {
	for (const pid of fs.readdirSync('/proc').map(Number))
		if (pid > 0 && pid !== process.pid && uses(pid, path))
			kill(pid);
}

const launched = new Set();

// spawn(), of what is not to outlive this process; see killLaunched().
export function launch(command, words, options) {
	const child = spawn(command, words.map(String), options);
	launched.add(child);
	child.on('exit', () => launched.delete(child));
	return child;
}

export function killLaunched() {
	for (const { pid } of launched)
		kill(pid);
}

// Counts the system calls of processes that are there, and of their children.
export class Tracer {
	static async attach(processes, file) {
		const tracer = new Tracer();
		const pids = processes.all().map(({ pid }) => pid);
		tracer.file = file;
		tracer.child = launch('strace', ['-f', '-c', '-o', file,
			...pids.flatMap((pid) => ['-p', pid])],
		{ stdio: ['ignore', 'ignore', 'pipe'] });
		tracer.ended = new Promise((done) =>
			tracer.child.on('exit', done));
		let said = '';
		await new Promise((done, fail) => {
			tracer.child.on('error', fail);
			tracer.child.on('exit', () => fail(
			    new Error(`strace: ${said}`)));
			tracer.child.stderr.on('data', (text) => {
				said += text;
				const attached = said.split(' attached');
				if (attached.length > pids.length)
					done();
			});
		});
		return tracer;
	}

	// {syncs, calls} since then.
	async detach() {
		this.child.kill('SIGINT');
		await this.ended;
		const row = /^ *[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +\d+)? +(\w+)$/gm;
		const counts = { syncs: 0, calls: 0 };
		for (const [, calls, name] of fs.readFileSync(this.file, 'utf8')
			.matchAll(row)) {
			if (name === 'total')
				continue;
			counts.calls += Number(calls);
			if (SYNCS.includes(name))
				counts.syncs += Number(calls);
		}
		return counts;
	}
}
