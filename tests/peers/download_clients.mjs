/*
 * download_clients - clients that mean no good, or cannot do better
 *
 * node download_clients.mjs PORT MODE [ARGUMENT]
 *   idle COUNT    that many connections from 127.0.0.2 that say nothing; says
 *                 `open` when all are there, and waits to be killed
 *   drip          a head, a byte a second; says after how long it was cut off
 *   stall PATH    asks for it and reads nothing; the same
 *   quiet         connects and says nothing; the same
 *   garbage       bytes of no protocol, on many connections
 */
import crypto from 'node:crypto';
import net from 'node:net';

const [port, mode, argument] = process.argv.slice(2);

function open(options = {}) {
	const socket = net.connect({ port: Number(port), host: '127.0.0.1',
		...options });

	socket.on('error', () => {});
	return socket;
}

/* Seconds from now until it is closed, rounded down to five. */
function cut(socket) {
	const began = Date.now();

	socket.on('close', () => {
		const took = (Date.now() - began) / 1000;

		console.log(`cut off after ${Math.floor(took / 5) * 5} s`);
		process.exit(0);
	});
}

const modes = {
	idle() {
		let left = Number(argument);

		for (let i = 0; i < Number(argument); i++)
			open({ localAddress: '127.0.0.2' }).on('connect', () => {
				if (--left === 0)
					console.log('open');
			});
	},
	drip() {
		const socket = open();

		socket.write('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ');
		setInterval(() => socket.write('x'), 1000);
		cut(socket);
	},
	quiet() {
		cut(open());
	},
	stall() {
		const socket = open();

		socket.write(`GET ${argument} HTTP/1.1\r\nHost: a\r\n\r\n`);
		socket.pause();
		/* A paused socket does not see its end: it looks by writing. */
		setInterval(() => socket.write('x'), 1000);
		cut(socket);
	},
	async garbage() {
		const pieces = [crypto.randomBytes(3000), 'GET\r\n\r\n',
			'GET / HTTP/9.9\r\n\r\n', '\r\n\r\n\r\n', '\0'.repeat(500),
			'POST /d/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ' +
			'chunked\r\n\r\nzz\r\n',
			'GET /d/x HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n',
			`GET /d/${'y'.repeat(60000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
			`GET /d/x HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(60000)}` +
			'\r\n\r\n', 'GET /d/%00 HTTP/1.1\r\nHost: a\r\n\r\n',
			'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
			'GET /d/x HTTP/1.1\r\nHost: a\r\n'.repeat(300)];

		await Promise.all(Array.from({ length: 120 }, (_, i) =>
			new Promise((resolve) => {
				const socket = open();

				socket.on('close', resolve);
				socket.write(pieces[i % pieces.length], () =>
					setTimeout(() => socket.destroy(), 50));
			})));
		console.log('done');
	},
};
await modes[mode]();
