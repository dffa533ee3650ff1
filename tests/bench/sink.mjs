// sink.mjs - the receivers, which count what came
//
// Both have `url`, `reached` (a promise of when all had come, monotonic ns, or
// of a failure if they stopped coming), await(), which says that jobs are on
// their way, and close(), which answers with {requests, distinct, arrivals: Map
// of seq -> ns}.
import { once } from 'node:events';
import net from 'node:net';
import readline from 'node:readline';
import { BUILD } from '../faults/instance.mjs';
import { launch } from './processes.mjs';

const STALLED = 60000;	// ms without anything

// A port of loopback that nothing listens on.
export async function freePort() {
	const server = net.createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address();
	server.close();
	await once(server, 'close');
	return port;
}

// What a client or a receiver may say when it ends too early.
const early = (name, fail) => (code, signal) =>
	fail(new Error(`${name} ended: ${signal ?? code}`));

export class Sink {
	#child;
	#ended;
	#seen = { requests: 0, distinct: 0, arrivals: new Map() };

	static async open(expected) {
		const sink = new Sink();
		await sink.#start(expected);
		return sink;
	}

	async #start(expected) {
		this.#child = launch(`${BUILD}/bench/sink`, [String(expected)],
		    { stdio: ['pipe', 'pipe', 'inherit'] });
		const lines = readline.createInterface(
		    { input: this.#child.stdout });
		this.#ended = once(lines, 'close');
		await new Promise((started, failed) => {
			this.reached = new Promise((done, fail) => {
				this.#child.on('exit', early('sink', fail));
				lines.on('line', (line) => this.#take(
				    line.split(' '), { started, done, fail }));
			});
			this.reached.catch(failed);
		});
	}

	#take([word, first, second], { started, done, fail }) {
		if (word === 'port') {
			this.url = `http://127.0.0.1:${first}/`;
			started();
		} else if (word === 'reached')
			done(BigInt(first));
		else if (word === 'stalled')
			fail(new Error('jobs were lost'));
		else if (word === 'arrived')
			this.#seen.arrivals.set(Number(first), BigInt(second));
		else if (word === 'total') {
			this.#seen.requests = Number(first);
			this.#seen.distinct = Number(second);
		}
	}

	// Jobs are on their way.
	await() {
		this.#child.stdin.write('\n');
	}

	async close() {
		this.#child.stdin.end();
		await this.#ended;
		return this.#seen;
	}
}

// smtp-sink of Postfix: it counts messages, but does not tell them apart.
export class SmtpSink {
	#child;
	#messages = 0;
	#last = Date.now();

	static async open(expected) {
		const sink = new SmtpSink();
		await sink.#start(expected);
		return sink;
	}

	async #start(expected) {
		this.port = await freePort();
		this.url = `[127.0.0.1]:${this.port}`;
		this.#child = launch('/usr/sbin/smtp-sink', ['-u', 'nobody',
			'-c', `127.0.0.1:${this.port}`, '1024'],
		{ stdio: ['ignore', 'pipe', 'inherit'] });
		this.pid = this.#child.pid;
		this.reached = new Promise((done, fail) => {
			const timer = setInterval(() =>
				Date.now() - this.#last > STALLED && fail(
				    new Error('mails were lost')), 1000);
			this.#child.on('error', fail);
			this.#child.on('exit', () => clearInterval(timer));
			this.#child.on('exit', early('smtp-sink', fail));
			this.#child.stdout.on('data', (text) =>
				this.#take(`${text}`, expected, done));
		});
		this.reached.catch(() => {});
	}

	#take(text, expected, done) {
		this.#last = Date.now();
		this.#messages = Number(/.*mesg=(\d+)/s.exec(text)?.[1] ??
		    this.#messages);
		if (this.#messages >= expected)
			done(process.hrtime.bigint());
	}

	await() {
		this.#last = Date.now();
	}

	async close() {
		const ended = once(this.#child, 'exit');
		this.#child.kill();
		await ended;
		return { requests: this.#messages, distinct: this.#messages,
			arrivals: new Map() };
	}
}

// Whether a server listens at a port of loopback.
export async function listens(port) {
	const socket = net.connect(port, '127.0.0.1');
	const answer = await new Promise((done) => {
		socket.on('connect', () => done(true));
		socket.on('error', () => done(false));
	});
	socket.destroy();
	return answer;
}
