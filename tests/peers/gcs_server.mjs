// gcs_server.mjs DIR KEY EMAIL: a server of Google Cloud Storage's JSON API
//
// Where tokens come from (/token) it verifies the assertion by the public KEY.
// Objects are uploaded as media, as multipart/related, or to a session, which
// knows chunks (308, Range), what it has after a connection was cut, and that
// it is over.  ifGenerationMatch is minded; md5Hash and crc32c are compared.
// Writes its port to DIR/port, and a line of JSON for each request to
// DIR/requests.  A token in DIR/static is good, too.
//
// DIR/rules/NAME (rules.mjs; a request's line is "METHOD target range") may
// have "code" with "status": answer so; "body" with "status": those bytes;
// "flood": more than anybody wants; "cut": end the connection; "silent": do it,
// then end the connection; "hang": read "bytes" of the body, then no more;
// "lost": forget the session; "location": where a session is said to be;
// "range": what a session says to have; "blind": ignore ifGenerationMatch;
// "wait": for a file in DIR first; "date": answer with that one; "expires": what is said of a token; "open": needs none.
import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { CRC32C } from '@google-cloud/storage';
import { jwtVerify } from 'jose';
import { listen, note, rule, waited } from './rules.mjs';

const [, , dir, keyFile, email] = process.argv;
const key = createPublicKey(fs.readFileSync(keyFile));
const SLOW = 64 << 20;	// bytes; of more a CRC32C is made when they are read
const STEP = 256 * 1024;	// a session has whole ones of these
const objects = new Map(), sessions = new Map(), tokens = new Map();
let generation = 1000;

const json = (status, value, headers = {}) => ({ status,
	headers: { 'content-type': 'application/json', ...headers },
	body: Buffer.from(JSON.stringify(value)) });

const error = (status, reason, message = reason) => json(status, { error: {
	code: status, message, errors: [{ domain: 'global', reason, message }] },
});

function crc32c(bytes) {
	const crc = new CRC32C();

	crc.update(bytes);
	return crc.toString();
}

// --- tokens ---

async function grant(body, row) {
	const form = new URLSearchParams(body.toString());
	const audience = `http://127.0.0.1:${server.address().port}/token`;

	if (form.get('grant_type') !==
	    'urn:ietf:params:oauth:grant-type:jwt-bearer')
		return json(400, { error: 'unsupported_grant_type' });
	try {
		const { payload } = await jwtVerify(form.get('assertion'), key,
			{ algorithms: ['RS256'], issuer: email, audience,
				requiredClaims: ['iat', 'exp', 'scope'],
				maxTokenAge: 3600, clockTolerance: 60 });

		if (payload.exp - payload.iat > 3600)
			throw new Error('it lives for too long');
		if (!payload.scope.split(' ').includes(
			'https://www.googleapis.com/auth/devstorage.read_write'))
			return json(400, { error: 'invalid_scope' });
	} catch (e) {
		return json(400, { error: 'invalid_grant',
			error_description: e.message });
	}
	const token = `ya29.${randomBytes(12).toString('hex')}`;
	const life = row?.expires ?? 3599;

	tokens.set(token, Date.now() + 3600e3);
	return json(200, { access_token: token, expires_in: life,
		token_type: 'Bearer' });
}

function is_known(headers) {
	const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];

	return tokens.get(token) > Date.now() || (token !== undefined &&
	    fs.existsSync(`${dir}/static`) &&
	    fs.readFileSync(`${dir}/static`, 'utf8').trim() === token);
}

// --- objects ---

const described = (object) => ({ kind: 'storage#object',
	id: `${object.bucket}/${object.name}/${object.generation}`,
	name: object.name, bucket: object.bucket,
	generation: `${object.generation}`, metageneration: '1',
	contentType: object.contentType, size: `${object.bytes.length}`,
	md5Hash: object.md5Hash,
	...(object.bytes.length > SLOW ? {} : { crc32c: crc32c(object.bytes) }),
	metadata: object.metadata, timeCreated: object.timeCreated });

// Null, or what a condition says.
function condition(bucket, name, query, row) {
	const there = objects.get(`${bucket}/${name}`);

	return row?.blind || query.get('ifGenerationMatch') === null ||
	    Number(query.get('ifGenerationMatch')) === (there?.generation ?? 0) ?
	    null : error(412, 'conditionNotMet');
}

function store(bucket, name, resource, bytes, type) {
	const md5Hash = createHash('md5').update(bytes).digest('base64');

	if ((resource.md5Hash ?? md5Hash) !== md5Hash)
		return error(400, 'invalid', 'Provided MD5 hash ' +
		    `"${resource.md5Hash}" doesn't match calculated hash`);
	if (resource.crc32c !== undefined && resource.crc32c !== crc32c(bytes))
		return error(400, 'invalid', 'Provided CRC32C ' +
		    `"${resource.crc32c}" doesn't match calculated CRC32C`);
	const object = { bucket, name, bytes, md5Hash,
		generation: generation++, metadata: resource.metadata,
		contentType: resource.contentType ?? type ??
			'application/octet-stream',
		timeCreated: new Date().toISOString() };

	objects.set(`${bucket}/${name}`, object);
	return json(200, described(object));
}

// The two parts of multipart/related.
function parts(body, type) {
	const boundary = /boundary="?([^";]+)"?/.exec(type)[1];
	const found = [];
	let at = 0;

	for (;;) {
		const begin = body.indexOf(`--${boundary}`, at);
		const next = body.indexOf(`\r\n--${boundary}`, begin + 1);
		const head = body.indexOf('\r\n\r\n', begin);

		if (next === -1 || head === -1)
			return found;
		found.push({ bytes: body.subarray(head + 4, next),
			type: /content-type: *(.*)/i.exec(body.subarray(begin,
				head).toString())?.[1] });
		at = next + 2;
	}
}

function upload(bucket, query, headers, body, row) {
	const name = query.get('name'), type = headers['content-type'];
	const taken = condition(bucket, name ?? '', query, row);

	if (bucket !== 'spool')
		return error(404, 'notFound');
	if (taken !== null)
		return taken;
	switch (query.get('uploadType')) {
	case 'media':
		return store(bucket, name, {}, body, type);
	case 'multipart': {
		const [resource, content] = parts(body, type);
		const given = JSON.parse(resource.bytes);

		return store(bucket, name ?? given.name, given, content.bytes,
			content.type);
	}
	default: {
		const id = randomBytes(24).toString('base64url');
		const resource = body.length > 0 ? JSON.parse(body) : {};

		resource.contentType ??= headers['x-upload-content-type'];
		sessions.set(id, { bucket, query, resource,
			name: name ?? resource.name, chunks: [], size: 0,
			total: headers['x-upload-content-length'] });
		return { status: 200, body: Buffer.alloc(0), headers: {
			location: row?.location ?? `http://${headers.host}` +
			    '/upload/storage/v1/b/' + bucket +
			    `/o?uploadType=resumable&upload_id=${id}` } };
	}
	}
}

function object(method, bucket, name, query) {
	const there = objects.get(`${bucket}/${name}`);

	if (bucket !== 'spool' || there === undefined ||
	    (query.get('generation') ?? `${there.generation}`) !==
	    `${there.generation}`)
		return error(404, 'notFound', bucket === 'spool' ?
		    `No such object: ${bucket}/${name}` :
		    'The specified bucket does not exist.');
	if (method === 'DELETE') {
		const taken = condition(bucket, name, query);

		if (taken === null)
			objects.delete(`${bucket}/${name}`);
		return taken ?? { status: 204, headers: {},
			body: Buffer.alloc(0) };
	}
	if (query.get('alt') !== 'media')
		return json(200, described(there));
	return { status: 200, body: there.bytes, headers: {
		'content-type': there.contentType,
		'x-goog-generation': `${there.generation}`,
		'x-goog-stored-content-length': `${there.bytes.length}`,
		'x-goog-stored-content-encoding': 'identity',
		'x-goog-hash': `crc32c=${crc32c(there.bytes)},` +
		    `md5=${there.md5Hash}` } };
}

// --- sessions ---

function keep(session, chunk) {
	session.chunks.push(chunk);
	session.size += chunk.length;
}

const incomplete = (session, row) => ({ status: 308, body: Buffer.alloc(0),
	headers: row?.range !== undefined ? { range: row.range } :
	    session.size === 0 ? {} :
		{ range: `bytes=0-${session.size - 1}` } });

// `Content-Range` of a chunk: from and to, or null for a question.
function put(id, headers, body, row) {
	const session = sessions.get(id);
	const [, from, , total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/
	    .exec(headers['content-range'] ?? `bytes 0-0/${body.length}`) ?? [];

	if (row?.lost)
		sessions.delete(id);
	if (session === undefined || row?.lost)
		return error(404, 'notFound');
	if (session.done)
		return json(200, described(session.done));
	if (from !== undefined) {
		if (Number(from) > session.size)
			return error(400, 'invalid', 'a gap');
		// What it has of that already counts once.
		const news = body.subarray(session.size - Number(from));

		if (`${Number(from) + body.length}` !== total &&
		    body.length % STEP !== 0)
			return error(400, 'invalid', 'no multiple of 256 KiB');
		keep(session, news);
	}
	if (`${session.size}` !== total)
		return incomplete(session, row);
	const taken = condition(session.bucket, session.name, session.query,
		row);
	const stored = taken ?? store(session.bucket, session.name,
		session.resource, Buffer.concat(session.chunks));

	session.done = objects.get(`${session.bucket}/${session.name}`);
	if (stored.status !== 200)
		sessions.delete(id);
	return stored;
}

// The connection was cut: whole steps of what has come are there.
function cut(id, headers, body) {
	const session = sessions.get(id);
	const from = /^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1];
	const whole = body.length - body.length % STEP;

	if (session !== undefined && Number(from) === session.size)
		keep(session, body.subarray(0, whole));
}

// --- requests ---

function route(request, headers, body, row) {
	const url = new URL(request.url, 'http://here');
	const query = url.searchParams;
	const match = /^(\/upload)?\/storage\/v1\/b\/([^/]+)\/o(?:\/(.+))?$/
	    .exec(url.pathname);

	if (url.pathname === '/token')
		return grant(body, row);
	if (query.has('upload_id') && request.method === 'DELETE')
		return sessions.delete(query.get('upload_id')) ?
			{ status: 499, headers: {}, body: Buffer.alloc(0) } :
			error(404, 'notFound');
	if (query.has('upload_id'))
		return put(query.get('upload_id'), headers, body, row);
	if (!row?.open && !is_known(headers))
		return error(401, 'authError', 'Invalid Credentials');
	if (match === null)
		return error(404, 'notFound');
	if (match[1] !== undefined)
		return upload(match[2], query, headers, body, row);
	if (match[3] === undefined)
		return json(200, { items: [...objects.values()].map(described) });
	return object(request.method, match[2], decodeURIComponent(match[3]),
		query);
}

async function answer(request, headers, body, row) {
	await waited(dir, row);
	if (row?.cut)
		return null;
	if (row?.flood)
		return { status: row.status, headers: {},
			body: Buffer.alloc(8 << 20, '{"error":') };
	if (row?.body !== undefined)
		return { status: row.status, headers: {},
			body: Buffer.from(row.body) };
	if (row?.code !== undefined)
		return request.url === '/token' ?
			json(row.status, { error: row.code }) :
			error(row.status, row.code);
	const got = await route(request, headers, body, row);

	if (row?.date !== undefined)
		got.headers.date = row.date;
	return row?.silent ? null : got;
}

const server = http.createServer((request, response) => {
	const { headers } = request;
	const row = rule(dir, [request.method, request.url,
		headers['content-range'] ?? ''].join(' '));
	const id = new URL(request.url, 'http://here').searchParams
	    .get('upload_id');
	const chunks = [];
	let length = 0, ended = false;

	note(dir, { method: request.method, target: request.url, rule: row,
		headers });
	request.on('data', (chunk) => {
		chunks.push(chunk);
		length += chunk.length;
		if (!row?.hang || ended || length < (row.bytes ?? 0))
			return;
		// Paused, it would not see the connection's end.
		ended = true;
		request.pause();
		if (id !== null)
			cut(id, headers, Buffer.concat(chunks));
	});
	request.on('end', async () => {
		ended = true;
		if (row?.hang)
			return;
		const got = await answer(request, headers,
			Buffer.concat(chunks), row);

		if (got === null) {
			request.socket.destroy();
			return;
		}
		response.writeHead(got.status, { ...got.headers,
			'content-length': got.body.length });
		response.end(request.method === 'HEAD' ? '' : got.body);
	});
	request.on('close', () => {
		if (!ended && id !== null)
			cut(id, headers, Buffer.concat(chunks));
	});
	request.on('error', () => {});
});

server.requestTimeout = 0;
listen(server, dir);
