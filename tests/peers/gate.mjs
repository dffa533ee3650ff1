// gate.mjs DIR UPSTREAM KEY SECRET: stands before a server of S3's protocol
//
// Judges the signature of each request by AWS's own signer; one that is wrong
// gets 403.  A good one is signed anew and goes on to UPSTREAM.  What that does
// not know is done here as S3's reference says: If-None-Match of a PUT and of a
// completion, If-Match of a DELETE.  Writes its port to DIR/port, and a line of JSON for each request
// to DIR/requests.
//
// DIR/rules/NAME is {"match": REGEXP of "METHOD target", "times": N, and one of
// "code" with "status": answer so instead of asking upstream; "silent": ask,
// then end the connection without an answer; "hang": never answer; "blind":
// ignore If-None-Match; "date": answer with that one}; the first that fits
// counts, N times.
// DIR/token: the session token that has to be there.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '@aws-crypto/sha256-js';
import { listen, note, rule } from './rules.mjs';

const [, , dir, upstream, accessKeyId, secretAccessKey] = process.argv;

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

const signer = (region) => new SignatureV4({ service: 's3', region,
	sha256: Sha256, credentials: { accessKeyId, secretAccessKey },
	uriEscapePath: false, applyChecksum: false });

function split(target) {
	const [path, text] = target.split('?');
	const query = {};

	for (const part of (text ?? '').split('&').filter((p) => p !== '')) {
		const [name, value] = part.split('=');

		query[decodeURIComponent(name)] = decodeURIComponent(value ?? '');
	}
	return { path, query };
}

// What is wrong with a request's signature, or null.
async function judge(request, headers, body) {
	const match = /^AWS4-HMAC-SHA256 Credential=(.+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/
	    .exec(headers.authorization ?? '');

	if (match === null)
		return 'AuthorizationHeaderMalformed';
	const [, key, , region, names, signature] = match;
	const signed = names.split(';');
	const d = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/
	    .exec(headers['x-amz-date']);
	const when = new Date(Date.UTC(d[1], d[2] - 1, d[3], d[4], d[5], d[6]));

	if (key !== accessKeyId)
		return 'InvalidAccessKeyId';
	for (const name of Object.keys(headers))
		if ((name.startsWith('x-amz-') || name === 'host' ||
		    name === 'content-type' || name === 'if-none-match') &&
		    !signed.includes(name))
			return 'AccessDenied';
	if (Math.abs(Date.now() - when) > 15 * 60e3)
		return 'RequestTimeTooSkewed';
	if (headers['x-amz-content-sha256'] !== sha256(body))
		return 'XAmzContentSHA256Mismatch';
	const { path, query } = split(request.url);
	const wanted = Object.fromEntries(signed.map((n) => [n, headers[n]]));
	const again = await signer(region).sign({ method: request.method,
		protocol: 'http:', hostname: headers.host, path, query,
		headers: wanted }, { signingDate: when,
		signableHeaders: new Set(signed), unsignableHeaders: new Set() });

	return again.headers.authorization.endsWith(signature) ? null :
	    'SignatureDoesNotMatch';
}

// Asks the server behind, as a client of its own.
async function ask(method, target, headers, body) {
	const { path, query } = split(target);
	const url = new URL(upstream);
	const kept = Object.fromEntries(Object.entries(headers).filter(([n]) =>
		n.startsWith('x-amz-meta-') || n === 'content-type' ||
		n === 'x-amz-checksum-sha256'));
	const signed = await signer('us-east-1').sign({ method,
		protocol: 'http:', hostname: url.host, path, query,
		headers: { ...kept, host: url.host,
			'x-amz-content-sha256': sha256(body) } });

	return await new Promise((resolve, reject) => {
		const request = http.request({ host: url.hostname,
			port: url.port, method, path: target, agent: false,
			headers: { ...signed.headers,
				'content-length': body.length } }, (answer) => {
			const chunks = [];

			// Swift ends this, too, with an empty chunk: an error.
			if (method === 'HEAD')
				resolve({ status: answer.statusCode,
					headers: answer.headers,
					body: Buffer.alloc(0) });
			answer.on('data', (chunk) => chunks.push(chunk));
			answer.on('end', () => resolve({
				status: answer.statusCode,
				headers: answer.headers,
				body: Buffer.concat(chunks) }));
		});

		request.on('error', reject);
		request.on('socket', (socket) => socket.on('error', () => {}));
		request.end(body);
	});
}

function error(status, code) {
	return { status, headers: { 'content-type': 'application/xml' },
		body: Buffer.from('<?xml version="1.0" encoding="UTF-8"?>\n' +
		    `<Error><Code>${code}</Code><Message>no</Message></Error>`) };
}

async function answer(request, headers, body) {
	const bad = await judge(request, headers, body);
	const row = bad === null ? rule(dir, `${request.method} ${request.url}`) : null;
	const token = fs.existsSync(`${dir}/token`) ?
	    fs.readFileSync(`${dir}/token`, 'utf8') : undefined;
	const target = request.url.split('?')[0];
	const what = { method: request.method, target: request.url, bad,
		rule: row, headers };

	note(dir, what);
	if (bad !== null)
		return error(403, bad);
	if (headers['x-amz-security-token'] !== token)
		return error(400, 'ExpiredToken');
	if (row?.hang)
		await new Promise(() => {});
	if (row?.code !== undefined)
		return error(row.status, row.code);
	if (headers['if-none-match'] === '*' && !row?.blind &&
	    (await ask('HEAD', target, {}, Buffer.alloc(0))).status === 200)
		return error(412, 'PreconditionFailed');
	if (request.method === 'DELETE' && headers['if-match'] !== undefined &&
	    (await ask('HEAD', target, {}, Buffer.alloc(0))).headers.etag !==
	    headers['if-match'])
		return error(412, 'PreconditionFailed');
	const got = await ask(request.method, request.url, headers, body);

	if (row?.date !== undefined)
		got.headers.date = row.date;
	return row?.silent ? null : got;
}

const server = http.createServer((request, response) => {
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
});

listen(server, dir);
