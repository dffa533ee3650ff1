// hostile.mjs DIR: a receiver for each row of hostile_cases.mjs, on a port of
// its own, from raw sockets.  DIR/pki has the certificates.  It writes
// DIR/destinations.N.json (for spooldest create), then DIR/wanted (a line for
// each: name, what is to become of it, and the wait in ms if that matters) and
// goes on until it is killed.  What it saw that it should not have goes to
// DIR/seen.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { cases } from './hostile_cases.mjs';

const AT_ONCE = 50;	// destinations in a file

const [dir] = process.argv.slice(2);
const pem = (name) => fs.readFileSync(`${dir}/pki/${name}.pem`);

function options(row) {
	const name = row.tls.certificate ?? 'good';
	return { key: fs.readFileSync(`${dir}/pki/${name}.key`),
		cert: pem(name), ...row.tls.server };
}

// Hands out each whole request of a connection, as text.
function requests(socket, serve) {
	let text = '';
	socket.on('data', (bytes) => {
		text += bytes.toString('latin1');
		const end = text.indexOf('\r\n\r\n');
		const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
		if (end === -1 || text.length < end + 4 + Number(length ?? 0))
			return;
		const request = text;
		text = '';
		if (/\r\ncookie:/i.test(request))
			fs.appendFileSync(`${dir}/seen`, `cookie ${socket.row}\n`);
		serve(socket, request);
	});
}

function connected(row, socket) {
	socket.row = row.name;
	socket.on('error', () => {});
	socket.setNoDelay(true);
	if (row.at === 'connect')
		row.serve(socket);
	else
		requests(socket, row.serve);
}

function listen(row) {
	// What fails in a handshake is what is tested.
	const server = row.tls && !row.tls.raw ?
		tls.createServer(options(row), (socket) => connected(row, socket)) :
		net.createServer((socket) => connected(row, socket));
	server.on('tlsClientError', () => {});
	return new Promise((resolve) => server.listen(0, '127.0.0.1',
		() => resolve(server.address().port)));
}

// A queue of connections that is full, and that nobody takes one from.
function deaf() {
	const child = spawn('python3', ['-c', `
import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(0)
held = []
for i in range(4):
    c = socket.socket(); c.setblocking(False); c.connect_ex(s.getsockname())
    held.append(c)
print(s.getsockname()[1], flush=True)
time.sleep(600)`], { stdio: ['ignore', 'pipe', 'inherit'] });
	fs.writeFileSync(`${dir}/deaf.pid`, `${child.pid}\n`);
	return new Promise((resolve) => child.stdout.once('data',
		(bytes) => resolve(Number(bytes))));
}

function destination(row, port) {
	const secure = row.tls !== undefined;
	return { id: row.name, label: row.name, type: 'webhook',
		config: { webhook: {
			url: `${secure ? 'https' : 'http'}://127.0.0.1:${port}/${row.name}`,
			timeout: row.timeout ?? 3000,
			...(secure ? { tls: { ca: pem('ca').toString(),
			    ...row.tls.asks } } : {}) } } };
}

const destinations = [];
for (const row of cases)
	destinations.push(destination(row,
		row.serve === null ? await deaf() : await listen(row)));
for (let at = 0; at < destinations.length; at += AT_ONCE)
	fs.writeFileSync(`${dir}/destinations.${at / AT_ONCE}.json`,
		JSON.stringify(destinations.slice(at, at + AT_ONCE)));
fs.writeFileSync(`${dir}/wanted.new`, cases.map((row) =>
	`${row.name} ${row.wanted}${row.wait ? ` ${row.wait}` : ''}\n`).join(''));
fs.renameSync(`${dir}/wanted.new`, `${dir}/wanted`);
