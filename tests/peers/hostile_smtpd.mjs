// hostile_smtpd.mjs DIR: a mail server for each row of hostile_smtp_cases.mjs,
// on a port of its own, which misbehaves as the row says.  DIR/pki has the
// certificates.  It writes DIR/destinations.N.json (for spooldest create), the
// one of `good`, which is as it should be, among them, then DIR/wanted (a line
// for each row: name, and what is to become of it), and goes on until it is
// killed.  DIR/took has the names of those whose mail came whole, DIR/heard
// what was said in clear where TLS should have been.
import fs from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { cases } from './hostile_smtp_cases.mjs';

const AT_ONCE = 50;	// destinations in a file
const END = '\r\n.\r\n';

const [dir] = process.argv.slice(2);
const pem = (name) => fs.readFileSync(`${dir}/pki/${name}`);
const certificate = { key: pem('good.key'), cert: pem('good.pem') };

const offers = (row, secure) => ['250-hostile', '250-PIPELINING',
	...(row.tls === 'starttls' && !secure ? ['250-STARTTLS'] : []),
	...(row.auth ? ['250-AUTH PLAIN LOGIN XOAUTH2'] : []),
	'250 SIZE 0'].join('\r\n');

// What is said where the row says nothing.
const usual = { greeting: () => '220 hostile', ehlo: offers,
	'ehlo-tls': offers, helo: () => '250 hello', starttls: () => '220 go on',
	auth: () => '235 welcome', mail: () => '250 ok', rcpt: () => '250 ok',
	data: () => '354 go on', end: () => '250 2.0.0 Ok: queued as H1',
	rset: () => '250 ok', quit: () => '221 bye' };

// One connection: each command, and each end of a message, is a step.
function converse(row, socket, secure) {
	let input = '', body = false, asked = 0;

	// 0: it said something of its own; else its text.
	const take = (step) => {
		const serve = row.steps?.[step];
		if (typeof serve === 'function')
			return serve(socket) ?? '';
		const text = serve ?? usual[step]?.(row, secure) ?? '502 what?';
		socket.write(`${text}\r\n`);
		return text;
	};
	const command = (line) => {
		const verb = line.split(/[ :]/)[0].toLowerCase();
		if (row.tls === 'starttls' && !secure)
			fs.appendFileSync(`${dir}/heard`,
				`${row.name} ${verb}\n`);
		if (row.tls === 'starttls' && verb === 'starttls') {
			// What comes from here on is its handshake.
			socket.removeListener('data', hear);
			if (take('starttls').startsWith('220'))
				secured(row, socket);
			return;
		}
		const said = take(verb === 'ehlo' && secure ? 'ehlo-tls' : verb);
		asked = verb === 'auth' ? 1 : 0;
		body = verb === 'data' && said.startsWith('354');
	};
	const step = () => {
		const mark = body ? END : '\r\n';
		const at = input.indexOf(mark);
		if (at < 0)
			return false;
		const text = input.slice(0, at);
		input = input.slice(at + mark.length);
		if (body) {
			body = false;
			fs.appendFileSync(`${dir}/took`, `${row.name}\n`);
			take('end');
		} else if (asked && row.login?.[asked - 1] !== undefined)
			socket.write(`${row.login[asked++ - 1]}\r\n`);
		else
			command(text);
		return true;
	};
	const hear = (bytes) => {
		input += bytes.toString('latin1');
		while (step())
			;
	};
	socket.on('data', hear);
	socket.on('error', () => {});
	if (row.tls !== 'starttls' || !secure)
		take('greeting');
}

function secured(row, socket) {
	const inner = new tls.TLSSocket(socket, { isServer: true,
		...certificate });
	inner.on('error', () => {});
	converse(row, inner, true);
}

function connected(row, socket) {
	socket.on('error', () => {});
	socket.setNoDelay(true);
	if (row.tls === 'raw')
		row.steps.greeting(socket);
	else
		converse(row, socket, row.tls === 'smtps');
}

function listen(row) {
	// What fails in a handshake is what is tested.
	const server = row.tls === 'smtps' ? tls.createServer(certificate,
		(socket) => connected(row, socket)) :
		net.createServer((socket) => connected(row, socket));
	server.on('tlsClientError', () => {});
	return new Promise((resolve) => server.listen(0, '127.0.0.1',
		() => resolve(server.address().port)));
}

function destination(row, port) {
	const secure = row.tls === 'smtps' || row.tls === 'raw';
	return { id: row.name, label: row.name, type: 'email',
		config: { email: {
			smtpConfig: { host: '127.0.0.1', port, secure,
				...(secure ? {} : { startTls: row.tls ===
				    'starttls' ? 'required' : 'never' }),
				...(row.auth ? { auth: { user: 'u',
				    ...row.auth } } : {}) },
			from: 's@example.org',
			recipients: row.recipients ?? ['a@example.net'],
			timeout: row.timeout ?? 30000,
			...(row.tls ? { tls: { ca: pem('ca.pem').toString() } } :
			    {}) } } };
}

process.on('uncaughtException', (error) =>
	fs.appendFileSync(`${dir}/errors`, `${error.stack}\n`));
const destinations = [];
for (const row of [...cases, { name: 'good' }])
	destinations.push(destination(row, await listen(row)));
for (let at = 0; at < destinations.length; at += AT_ONCE)
	fs.writeFileSync(`${dir}/destinations.${at / AT_ONCE}.json`,
		JSON.stringify(destinations.slice(at, at + AT_ONCE)));
fs.writeFileSync(`${dir}/wanted.new`, cases.map((row) =>
	`${row.name} ${row.wanted}\n`).join(''));
fs.renameSync(`${dir}/wanted.new`, `${dir}/wanted`);
