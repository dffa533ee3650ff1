// instance.mjs - a private instance that is killed, cut off and started again
//
// Commands are run as a person runs them; spoold is started by spoolctl, or
// directly below strace where it is to die at a system call.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { spoolId } from '../data/spool_id.mjs';

const execute = promisify(execFile);
export const ORGANIZATION = 'demo';
export const BUILD = fs.realpathSync(process.env.BUILD ?? 'build');

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Waits until `fact` answers with something true; throws after `limit` ms.
export async function eventually(what, fact, limit = 30000) {
	const end = Date.now() + limit;
	for (;;) {
		const answer = await fact();
		if (answer)
			return answer;
		if (Date.now() > end)
			throw new Error(`never came true: ${what}`);
		await pause(10);
	}
}

function syncPath(path) {
	const fd = fs.openSync(path, 'r');
	try {
		fs.fsyncSync(fd);
	} finally {
		fs.closeSync(fd);
	}
}

// The pid of a process's parent, or 0.
function parent(pid) {
	try {
		const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
		return Number(stat.slice(stat.lastIndexOf(')') + 2)
			.split(' ')[1]);
	} catch {
		return 0;
	}
}

export class Instance {
	constructor(root) {
		this.root = root;
		this.conf = `${root}/etc/spoold.conf`;
		this.spool = `${root}/spool/${ORGANIZATION}`;
		this.journal = `${root}/log/journal`;
		this.environment = { ...process.env, SPOOLD_CONFIG: this.conf,
			ASAN_OPTIONS: `log_path=${root}/sanitizer` };
		this.drops = [];	// {id, name, destinations, durable}
	}

	// Runs a command; {status, out, err}, whatever it says.
	async run(command, ...words) {
		try {
			const { stdout, stderr } = await execute(
			    `${BUILD}/bin/${command}`, words,
			    { env: this.environment, maxBuffer: 1 << 26 });
			return { status: 0, out: stdout, err: stderr };
		} catch (error) {
			if (typeof error.code !== 'number')
				throw error;
			return { status: error.code, out: error.stdout,
				err: error.stderr };
		}
	}

	async must(command, ...words) {
		const ran = await this.run(command, ...words);
		if (ran.status !== 0)
			throw new Error(`${command} ${words.join(' ')}: ` +
			    `${ran.status} ${ran.err}${ran.out}`);
		return ran;
	}

	// `settings` are sections' text, put at the end of the file.
	async init(settings) {
		await this.must('spoolctl', 'init', '--root', this.root,
		    '--organization', ORGANIZATION);
		let text = fs.readFileSync(this.conf, 'utf8');
		for (const section of Object.keys(settings))
			text = text.replace(new RegExp(
			    `^${section} \\{[^}]*(\\{[^}]*\\}[^}]*)*^\\}\\n`,
			    'm'), '');
		for (const [section, values] of Object.entries(settings)) {
			text += `${section} {\n`;
			for (const [name, value] of Object.entries(values))
				text += `\t${name} = ${value}\n`;
			text += '}\n';
		}
		fs.writeFileSync(this.conf, text);
	}

	// Changes the configuration's text.
	set(pattern, text) {
		fs.writeFileSync(this.conf, fs.readFileSync(this.conf, 'utf8')
			.replace(pattern, text));
	}

	// Destinations, as a person writes them.
	async create(list) {
		const file = `${this.root}/destinations.json`;
		fs.writeFileSync(file, JSON.stringify(list));
		await this.must('spooldest', 'create', file);
	}

	async destinations(list) {
		await this.create(list.map((one) => ({
			id: one.id, label: one.id, type: 'webhook',
			disabled: one.disabled ?? false,
			config: { webhook: { url: one.url,
				timeout: one.timeout ?? 30000 } } })));
	}

	async start() {
		return this.must('spoolctl', 'start');
	}

	// Starts spoold below strace with these options; resolves once it takes
	// jobs or is dead: {child, dead: a promise of its end}.
	async startTraced(options) {
		// leaks cannot be looked for below strace
		const { ASAN_OPTIONS } = this.environment;
		const child = spawn('strace', ['-qq', '-E',
			`ASAN_OPTIONS=${ASAN_OPTIONS}:detect_leaks=0`,
			...options, `${BUILD}/sbin/spoold`, '-c', this.conf,
			'--ready-fd', '3'], { env: this.environment,
			stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
		const run = { child, ended: false };
		run.dead = new Promise((done) => child.on('exit', () => {
			run.ended = true;
			done();
		}));
		child.stdio[3].on('error', () => {});
		const ready = new Promise((done) =>
			child.stdio[3].once('data', done));
		await Promise.race([ready, run.dead]);
		return run;
	}

	#pgrep(...words) {
		return execute('pgrep', words).then(({ stdout }) =>
			stdout.trim().split('\n').map(Number), () => []);
	}

	// The supervisor's pid, or undefined.  What it forked for a duty has the
	// same command line.
	async supervisor() {
		const pids = await this.#pgrep('-f',
		    `^[^ ]*/sbin/spoold -c ${this.conf}`);
		return pids.find((pid) => !pids.includes(parent(pid)));
	}

	children(pid) {
		return this.#pgrep('-P', String(pid));
	}

	// kill -9, and waits until it and its children are gone.
	async crash() {
		const pid = await this.supervisor();
		if (pid === undefined)
			return;
		const children = await this.children(pid);
		Instance.kill(pid);
		for (const one of [pid, ...children])
			await eventually(`end of ${one}`,
			    () => !Instance.alive(one));
	}

	static kill(pid) {
		try {
			process.kill(pid, 'SIGKILL');
		} catch (error) {
			if (error.code !== 'ESRCH')
				throw error;
		}
	}

	static alive(pid) {
		try {
			const stat = fs.readFileSync(`/proc/${pid}/stat`,
			    'latin1');
			return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
		} catch {
			return false;
		}
	}

	// Drops a job as a client does.  With `durable` it is synced as a
	// careful one would; throws where that is not possible any more.
	drop(name, text, { durable = false, destinations }) {
		const fresh = `${this.spool}/tmp/${name}`;
		const fd = fs.openSync(fresh, 'wx', 0o600);
		try {
			fs.writeSync(fd, text);
			if (durable)
				fs.fsyncSync(fd);
		} finally {
			fs.closeSync(fd);
		}
		if (durable)
			syncPath(`${this.spool}/tmp`);
		const id = spoolId(ORGANIZATION, `${name}.json`, fresh);
		fs.renameSync(fresh, `${this.spool}/new/${name}.json`);
		if (durable)
			syncPath(`${this.spool}/new`);
		const drop = { id, name, destinations };
		this.drops.push(drop);
		return drop;
	}

	job(destinations, more = {}) {
		return JSON.stringify({ destinations, payload: {
			type: 'data', data: { a: 1 } }, ...more });
	}

	receipt(drop) {
		const path = `${this.spool}/receipts/` +
		    `${drop.name}.${drop.id}.json`;
		try {
			return JSON.parse(fs.readFileSync(path, 'utf8'));
		} catch {
			return undefined;
		}
	}

	// Every ticket file: [{queue, name}].
	tickets() {
		const found = [];
		for (const queue of ['cur', 'retry', 'hold', 'failed', 'done'])
			for (const path of fs.readdirSync(
			    `${this.spool}/${queue}`, { recursive: true })) {
				const name = path.split('/').pop();
				if (/^[0-9A-Z]{26}\.[a-z0-9-]+:p/.test(name))
					found.push({ queue, name, path });
			}
		return found;
	}

	// Every record of what is to be erased: DAY/NAME.
	records() {
		return fs.readdirSync(`${this.spool}/stored`,
		    { recursive: true }).filter((path) => path.includes('/'));
	}

	// Every line of the journal, of a seq that stands twice the last one.
	lines() {
		const lines = new Map();
		for (const segment of fs.readdirSync(this.journal).sort()) {
			if (!segment.endsWith('.jsonl'))
				continue;
			for (const text of fs.readFileSync(
			    `${this.journal}/${segment}`, 'utf8').split('\n'))
				if (text !== '') {
					const line = JSON.parse(text);
					lines.set(line.seq, line);
				}
		}
		return [...lines.values()];
	}

	// True if the last checkpoint covers all that is written of a job.
	covered(id) {
		const lines = this.lines();
		const point = lines.filter((line) =>
			line.event === 'checkpoint').pop();
		return lines.every((line) => line.job !== id ||
			(point !== undefined && line.seq <= point.upTo));
	}

	checkpoint() {
		try {
			return fs.readFileSync(
			    `${this.root}/spool/.checkpoint`, 'utf8').trim();
		} catch {
			return '';
		}
	}
}
