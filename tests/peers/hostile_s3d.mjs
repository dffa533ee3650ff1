// hostile_s3d.mjs DIR: an object store for each row of hostile_s3_cases.mjs, on
// a port of its own, which misbehaves as the row says; from raw sockets.  Like
// hostile_smtpd.mjs it writes DIR/destinations.N.json, then DIR/wanted (and
// DIR/wanted.parts: of the rows that need a payload in parts), and goes on until
// it is killed.  DIR/left has the uploads that were begun and neither completed
// nor given up, DIR/seen what should not have come.
import fs from 'node:fs';
import net from 'node:net';
import { cases } from './hostile_s3_cases.mjs';

const AT_ONCE = 50;	// destinations in a file

const [dir] = process.argv.slice(2);
const EMPTY = 'Content-Length: 0\r\n\r\n';
const TAG = '"d41d8cd98f00b204e9800998ecf8427e"';

const xml = (text) => `HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n` +
	`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;

const usual = {
	put: () => `HTTP/1.1 200 OK\r\nETag: ${TAG}\r\n${EMPTY}`,
	head: () => `HTTP/1.1 404 Not Found\r\n${EMPTY}`,
	get: () => `HTTP/1.1 404 Not Found\r\n${EMPTY}`,
	create: (row) => xml('<InitiateMultipartUploadResult><UploadId>' +
		`${row.id ?? 'up1'}</UploadId></InitiateMultipartUploadResult>`),
	part: () => `HTTP/1.1 200 OK\r\nETag: ${TAG}\r\n${EMPTY}`,
	complete: () => xml('<CompleteMultipartUploadResult><ETag>' +
		'&quot;t-2&quot;</ETag></CompleteMultipartUploadResult>'),
	abort: () => `HTTP/1.1 204 No Content\r\n\r\n`,
	list: () => xml('<ListMultipartUploadsResult/>'),
};

// Which of S3's operations a request is.
function operation(method, query) {
	const upload = query.has('uploadId');
	return { PUT: upload ? 'part' : 'put', HEAD: 'head',
		GET: query.has('uploads') ? 'list' : 'get',
		POST: upload ? 'complete' : 'create', DELETE: 'abort' }[method];
}

const left = {};
function note(row, op, id) {
	if (op === 'create' && row.create === undefined)
		left[row.name] = row.id ?? 'up1';
	if (op !== 'part' && op !== 'complete' && op !== 'abort')
		return;
	if (id !== (row.id ?? 'up1') || row.create !== undefined)
		fs.appendFileSync(`${dir}/seen`, `${row.name} ${op} ${id}\n`);
	if (op !== 'part' && row[op] === undefined)
		delete left[row.name];
	fs.writeFileSync(`${dir}/left`, Object.keys(left).sort()
		.map((name) => `${name}\n`).join(''));
}

function answer(row, op, socket) {
	const serve = row[op] ?? usual[op];
	row.times = row.times ?? {};
	row.times[op] = (row.times[op] ?? 0) + 1;
	const text = typeof serve === 'function' ? serve(row, socket) : serve;
	if (typeof text === 'string')
		socket.write(text, 'latin1');
}

// One request after the other; a body is counted and thrown away.
function converse(row, socket) {
	let text = '', rest = 0, op = null;

	const head = () => {
		const end = text.indexOf('\r\n\r\n');
		if (end < 0)
			return false;
		const [, method, target] = /^(\S+) (\S+) /.exec(text);
		const query = new URLSearchParams(target.split('?')[1] ?? '');
		rest = Number(/\r\ncontent-length: (\d+)/i.exec(
			text.slice(0, end))?.[1] ?? 0);
		if (/\r\nexpect:/i.test(text.slice(0, end)))
			fs.appendFileSync(`${dir}/seen`, `${row.name} expect\n`);
		op = operation(method, query);
		note(row, op, query.get('uploadId'));
		text = text.slice(end + 4);
		if (row.early === op)
			answer(row, op, socket);
		return true;
	};
	socket.on('error', () => {});
	socket.setNoDelay(true);
	socket.on('data', (bytes) => {
		let from = 0;
		if (op === null) {
			const before = text.length;
			text += bytes.toString('latin1');
			if (!head())
				return;
			from = bytes.length - text.length;
			text = '';
			if (from < 0)
				throw new Error(`${row.name} ${before}`);
		}
		rest -= bytes.length - from;
		if (rest > 0)
			return;
		const done = op;
		op = null;
		if (row.early !== done)
			answer(row, done, socket);
	});
}

function listen(row) {
	const server = net.createServer((socket) => converse(row, socket));
	return new Promise((resolve) => server.listen(0, '127.0.0.1',
		() => resolve(server.address().port)));
}

function destination(row, port) {
	return { id: row.name, label: row.name, type: 'storage',
		config: { storage: { provider: 's3',
			timeout: row.timeout ?? 30000,
			overwrite: row.overwrite ?? false, config: {
				endpoint: `http://127.0.0.1:${port}`,
				region: 'us-east-1', bucket: 'spool',
				accessKeyId: 'k', secretAccessKey: 's' } } } };
}

process.on('uncaughtException', (error) =>
	fs.appendFileSync(`${dir}/errors`, `${error.stack}\n`));
const destinations = [];
for (const row of [...cases, { name: 'good' }])
	destinations.push(destination(row, await listen(row)));
for (let at = 0; at < destinations.length; at += AT_ONCE)
	fs.writeFileSync(`${dir}/destinations.${at / AT_ONCE}.json`,
		JSON.stringify(destinations.slice(at, at + AT_ONCE)));
const wanted = (rows) => rows.map((row) => `${row.name} ${row.wanted}\n`)
	.join('');
fs.writeFileSync(`${dir}/wanted.parts`, wanted(cases.filter((r) => r.parts)));
fs.writeFileSync(`${dir}/wanted.whole`, wanted(cases.filter((r) => !r.parts)));
fs.writeFileSync(`${dir}/wanted.new`, wanted(cases));
fs.renameSync(`${dir}/wanted.new`, `${dir}/wanted`);
