// azure_gate.mjs DIR UPSTREAM ACCOUNT KEY: stands before a server of blobs
//
// Judges the signature of each request that has a Shared Key by Azure's own
// library; one that is wrong gets 403.  All others go on to UPSTREAM.  Writes
// its port to DIR/port, and a line of JSON for each request to DIR/requests.
//
// DIR/rules/NAME (rules.mjs) may have "code" with "status": answer so instead
// of asking upstream; "wait": for a file in DIR first; "body" with "status": answer those bytes; "flood": answer
// more than anybody wants; "silent": ask, then end the connection without an
// answer; "cut": end it without asking; "hang": never answer; "blind": ignore
// If-None-Match; "date": answer with that one.
import http from 'node:http';
import { StorageSharedKeyCredential } from '@azure/storage-blob';
import { listen, note, rule, waited } from './rules.mjs';

const [, , dir, upstream, account, key] = process.argv;
const credential = new StorageSharedKeyCredential(account, key);

// What the library reads of a request.
function resource(request, headers) {
	const all = new Map(Object.entries(headers));

	return { method: request.method, url: `http://gate${request.url}`,
		headers: { get: (name) => all.get(name.toLowerCase()),
			set: (name, value) => all.set(name.toLowerCase(), value),
			headersArray: () => [...all].map(([name, value]) =>
			    ({ name, value })) } };
}

// It signs for the moment, and this is another one.
function sign(request, headers) {
	const { toUTCString } = Date.prototype;
	const at = headers['x-ms-date'];
	const unsigned = { ...headers };

	delete unsigned.authorization;
	Date.prototype.toUTCString = () => at;
	try {
		const signed = credential.create({}).signRequest(
			resource(request, unsigned));

		return signed.headers.get('authorization');
	} finally {
		Date.prototype.toUTCString = toUTCString;
	}
}

function judge(request, headers) {
	if (headers.authorization === undefined)
		return /[?&]sig=/.test(request.url) ? null :
		    'NoAuthenticationInformation';
	if (Math.abs(Date.now() - new Date(headers['x-ms-date'])) > 15 * 60e3)
		return 'AuthenticationFailed';
	return sign(request, headers) === headers.authorization ? null :
	    'AuthenticationFailed';
}

function ask(request, headers, body) {
	const url = new URL(upstream);

	return new Promise((resolve, reject) => {
		const asked = http.request({ host: url.hostname,
			port: url.port, method: request.method,
			path: request.url, agent: false,
			headers: { ...headers, host: url.host } }, (answer) => {
			const chunks = [];

			answer.on('data', (chunk) => chunks.push(chunk));
			answer.on('end', () => resolve({
				status: answer.statusCode,
				headers: answer.headers,
				body: Buffer.concat(chunks) }));
		});

		asked.on('error', reject);
		asked.end(body);
	});
}

const error = (status, code) => ({ status, headers: {
	'content-type': 'application/xml', 'x-ms-error-code': code },
	body: Buffer.from('<?xml version="1.0" encoding="utf-8"?>' +
	    `<Error><Code>${code}</Code><Message>no</Message></Error>`) });

async function answer(request, headers, body) {
	const bad = judge(request, headers);
	const row = rule(dir, `${request.method} ${request.url}`);

	note(dir, { method: request.method, target: request.url, bad,
		rule: row, headers, length: body.length });
	if (bad !== null)
		return error(403, bad);
	await waited(dir, row);
	if (row?.hang)
		await new Promise(() => {});
	if (row?.cut)
		return null;
	if (row?.flood)
		return { status: row.status, headers: {},
			body: Buffer.alloc(8 << 20, '<Block>') };
	if (row?.body !== undefined)
		return { status: row.status, headers: {},
			body: Buffer.from(row.body) };
	if (row?.code !== undefined)
		return error(row.status, row.code);
	// Without its condition it would be signed no more.
	if (row?.blind && headers['if-none-match'] !== undefined)
		return { status: 201, headers: { etag: '"0x1"' },
			body: Buffer.alloc(0) };
	const got = await ask(request, headers, body);

	if (row?.date !== undefined)
		got.headers.date = row.date;
	return row?.silent ? null : got;
}

listen(http.createServer((request, response) => {
	const chunks = [], headers = {};

	for (let i = 0; i < request.rawHeaders.length; i += 2)
		headers[request.rawHeaders[i].toLowerCase()] =
		    request.rawHeaders[i + 1];
	request.on('data', (chunk) => chunks.push(chunk));
	request.on('end', async () => {
		const got = await answer(request, headers, Buffer.concat(chunks));

		if (got === null) {
			request.socket.destroy();
			return;
		}
		delete got.headers['transfer-encoding'];
		delete got.headers.connection;
		if (request.method !== 'HEAD')
			got.headers['content-length'] = got.body.length;
		response.writeHead(got.status, got.headers);
		response.end(got.body);
	});
}), dir);
