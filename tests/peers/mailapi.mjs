// mailapi.mjs DIR - a server that speaks the APIs of SendGrid, Resend and SES
//
// Each as its reference says, with its own errors; Amazon's own signer judges
// the signatures, mailparser reads what comes as MIME.  What else is asked, as
// of /custom, is any API that takes JSON.  Writes its port to DIR/port, a line
// of JSON for each request to DIR/requests (with the body's JSON; strings of
// more than 4096 characters are {"base64": bytes, "sha256"} of what they
// encode) and the body itself to DIR/bodies/N.
//
// DIR/rules/NAME is {"match": REGEXP of "METHOD path", "times": N, and one of
// "status" (with "headers" and "body", a text or JSON): answer so; "early": the
// same, before the body has come; "silent": end the connection without an
// answer; "hang": never answer; "raw": these bytes, then the end; "after": as
// "silent", but the mail was taken; "date": answer as usual, with that one}.
// The first that fits counts, N times.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { simpleParser } from 'mailparser';

const [, , dir] = process.argv;
const KEY = 'AKIDEXAMPLE', SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const REGION = 'eu-west-1', SKEW = 5 * 60e3;
const used = {}, taken = {};
let count = 0, requests = 0;

fs.mkdirSync(`${dir}/bodies`, { recursive: true });
fs.mkdirSync(`${dir}/rules`, { recursive: true });

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const reply = (status, body, headers = {}) => ({ status, headers, body });

function rule(line) {
	for (const name of fs.readdirSync(`${dir}/rules`)) {
		const row = JSON.parse(fs.readFileSync(`${dir}/rules/${name}`));

		if (!new RegExp(row.match).test(line) ||
		    (used[name] ?? 0) >= (row.times ?? Infinity))
			continue;
		used[name] = (used[name] ?? 0) + 1;
		return row;
	}
	return null;
}

// --- SendGrid ------------------------------------------------------------------

const sendgrid = {
	error: (status, message, field = null) => reply(status,
	    { errors: [{ message, field, help: null }] }),

	key(headers) {
		const key = headers.authorization?.replace(/^Bearer /, '');

		return key === 'SG.test' || key === 'SG.reader' ? null :
		    this.error(401, 'The provided authorization grant is ' +
		    'invalid, expired, or revoked');
	},

	wrong(mail) {
		const people = mail.personalizations?.[0] ?? {};
		const seen = new Set();

		if (!people.to?.length)
			return ['The to array is required', 'personalizations.0.to'];
		for (const list of ['to', 'cc', 'bcc'])
			for (const one of people[list] ?? []) {
				if (!/^[!-~]+@[!-~]+$/.test(one.email))
					return ['Does not contain a valid address.',
					    `personalizations.0.${list}`];
				if (seen.has(one.email))
					return ['Each email address in the ' +
					    'personalization block should be unique',
					    'personalizations'];
				seen.add(one.email);
			}
		if (!mail.from?.email)
			return ['The from object must be provided', 'from.email'];
		if (!mail.subject)
			return ['The subject is required.', 'subject'];
		for (const part of mail.content ?? [{}])
			if (!part.type || !part.value)
				return ['The content value must be a string at ' +
				    'least one character in length.', 'content.0.value'];
		for (const one of mail.attachments ?? [])
			if (!one.filename || !one.content ||
			    /[;\r\n]/.test(one.type ?? ''))
				return ['The attachment is not valid.',
				    'attachments.0'];
		for (const name of Object.keys(mail.headers ?? {}))
			if (/^(x-sg-e?id|received|dkim-signature|content-type|content-transfer-encoding|to|from|subject|reply-to|cc|bcc)$/i.test(name))
				return [`Reserved header: ${name}`, 'headers'];
		return null;
	},

	'POST /v3/mail/send'(headers, mail) {
		const bad = this.key(headers);

		if (bad !== null)
			return bad;
		if (headers.authorization === 'Bearer SG.reader')
			return this.error(403, 'access forbidden');
		const wrong = this.wrong(mail);

		return wrong !== null ? this.error(400, ...wrong) :
		    reply(202, '', { 'X-Message-Id': `sg-${++count}` });
	},

	'GET /v3/scopes'(headers) {
		return this.key(headers) ?? reply(200, { scopes:
		    headers.authorization === 'Bearer SG.reader' ?
		    ['stats.read'] : ['mail.send', 'sender_verification_eligible'] });
	},
};

// --- Resend --------------------------------------------------------------------

const resend = {
	error: (statusCode, name, message) => reply(statusCode,
	    { statusCode, message, name }),

	'POST /emails'(headers, mail, bytes) {
		const key = headers.authorization?.replace(/^Bearer /, '');
		const once = headers['idempotency-key'];

		if (key === undefined)
			return this.error(401, 'missing_api_key', 'Missing API Key');
		if (key !== 're_test' && key !== 're_sender')
			return this.error(401, 'validation_error',
			    'API key is invalid');
		for (const field of ['from', 'to', 'subject'])
			if (!mail[field]?.length)
				return this.error(422, 'missing_required_field',
				    `Missing \`${field}\` field.`);
		if (!mail.html && !mail.text)
			return this.error(422, 'validation_error',
			    'Missing `html` or `text` field.');
		if (once !== undefined && taken[once] !== undefined &&
		    taken[once].sha256 !== sha256(bytes))
			return this.error(409, 'invalid_idempotent_request',
			    'Same idempotency key used with a different request ' +
			    'payload.');
		if (once !== undefined)
			taken[once] ??= { id: `49a3999c-${++count}`,
			    sha256: sha256(bytes) };
		return reply(200, { id: taken[once]?.id ?? `49a3999c-${++count}` });
	},

	'GET /domains'(headers) {
		const key = headers.authorization?.replace(/^Bearer /, '');

		if (key === 're_sender')
			return this.error(401, 'restricted_api_key',
			    'This API key is restricted to only send emails');
		return key === 're_test' ? reply(200, { object: 'list',
		    data: [] }) : this.error(400, 'validation_error',
		    'API key is invalid');
	},
};

// --- SES -----------------------------------------------------------------------

const ses = {
	error: (status, name, message) => reply(status, { message }, {
	    'x-amzn-ErrorType': `${name}:http://internal.amazon.com/coral/` +
	    'com.amazonaws.services.simpleemailservicev2/' }),

	async signature(request, headers, bytes) {
		const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/ses\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/
		    .exec(headers.authorization ?? '');

		if (match === null)
			return this.error(403, 'MissingAuthenticationTokenException',
			    'Missing Authentication Token');
		const [, key, , region, names, signature] = match;
		const signed = names.split(';');
		const d = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/
		    .exec(headers['x-amz-date']);
		const when = new Date(Date.UTC(d[1], d[2] - 1, d[3], d[4], d[5],
		    d[6]));

		if (key !== KEY)
			return this.error(403, 'UnrecognizedClientException',
			    'The security token included in the request is invalid.');
		if (Math.abs(Date.now() - when) > SKEW)
			return this.error(403, 'InvalidSignatureException',
			    `Signature ${when < Date.now() ? 'expired' :
			    'not yet current'}: ${headers['x-amz-date']}`);
		if (region !== REGION)
			return this.error(403, 'InvalidSignatureException',
			    "Credential should be scoped to a valid region, " +
			    `not '${region}'. `);
		for (const name of ['host', 'x-amz-date',
		    ...bytes.length > 0 ? ['content-type'] : []])
			if (!signed.includes(name))
				return this.error(403, 'InvalidSignatureException',
				    `'${name}' must be signed`);
		const signer = new SignatureV4({ service: 'ses', region,
			sha256: Sha256, credentials: { accessKeyId: KEY,
			secretAccessKey: SECRET }, applyChecksum: false });
		const again = await signer.sign({ method: request.method,
			protocol: 'http:', hostname: headers.host,
			path: request.url, query: {},
			headers: Object.fromEntries(signed.map((n) =>
			    [n, headers[n]])) }, { signingDate: when,
			signableHeaders: new Set(signed),
			unsignableHeaders: new Set() });

		if (headers['x-amz-content-sha256'] !== sha256(bytes) ||
		    !again.headers.authorization.endsWith(signature))
			return this.error(403, 'InvalidSignatureException',
			    'The request signature we calculated does not match ' +
			    'the signature you provided. Check your AWS Secret ' +
			    'Access Key and signing method.');
		return null;
	},

	async 'POST /v2/email/outbound-emails'(headers, mail, bytes, request) {
		const bad = await this.signature(request, headers, bytes);
		const people = Object.values(mail.Destination ?? {}).flat();

		if (bad !== null)
			return bad;
		if (people.length < 1 || people.length > 50)
			return this.error(400, 'BadRequestException',
			    'Recipient count.');
		for (const one of [mail.FromEmailAddress, ...people,
		    ...mail.ReplyToAddresses ?? []])
			if (!/^[ -~]+$/.test(one))
				return this.error(400, 'BadRequestException',
				    'Local address contains control or whitespace');
		return reply(200, { MessageId: `0102-${++count}` });
	},

	async 'GET /v2/email/account'(headers, mail, bytes, request) {
		return await this.signature(request, headers, bytes) ??
		    reply(200, { SendingEnabled: true,
		    EnforcementStatus: 'HEALTHY' });
	},
};

// --- all -----------------------------------------------------------------------

const custom = {
	'POST /custom'(headers, mail) {
		return mail === null ? reply(400, { error: 'no JSON' }) :
		    reply(200, { id: `custom-${++count}` });
	},
	'HEAD /custom': () => reply(200, ''),
};
const apis = [sendgrid, resend, ses, custom];

// Long strings by what they encode.
function shorten(value) {
	if (typeof value === 'string' && value.length > 4096) {
		const bytes = Buffer.from(value, 'base64');

		return bytes.toString('base64') !== value ? value :
		    { base64: bytes.length, sha256: sha256(bytes) };
	}
	if (value === null || typeof value !== 'object')
		return value;
	return Array.isArray(value) ? value.map(shorten) :
	    Object.fromEntries(Object.entries(value).map(([n, v]) =>
	    [n, shorten(v)]));
}

// What a parser reads of a message that came as MIME.
async function parsed(json) {
	const data = json?.Content?.Raw?.Data;

	if (data === undefined)
		return null;
	const mail = await simpleParser(Buffer.from(data, 'base64'),
	    { skipTextToHtml: true, skipImageLinks: true });
	const people = (field) => (field ? [field].flat() : []).flatMap((f) =>
	    f.value.map((v) => `${v.name}|${v.address}`));

	return { from: people(mail.from), to: people(mail.to),
		cc: people(mail.cc), bcc: people(mail.bcc),
		replyTo: people(mail.replyTo), subject: mail.subject,
		messageId: mail.messageId, text: mail.text ?? null,
		html: mail.html || null, attachments: mail.attachments.map((a) =>
		({ name: a.filename, type: a.contentType, size: a.size,
		sha256: sha256(a.content) })) };
}

async function answer(request, headers, bytes, row) {
	const line = `${request.method} ${request.url}`;
	const api = apis.find((one) => one[line] !== undefined);
	let json = null;

	try {
		json = bytes.length > 0 ? JSON.parse(bytes.toString()) : null;
	} catch {
		// it is noted as none
	}
	const n = ++requests;

	fs.writeFileSync(`${dir}/bodies/${n}`, bytes);
	const usual = row === null || row.after || row.date !== undefined;
	const got = !usual ? row : api === undefined ?
	    reply(404, { message: 'Not found' }) :
	    await api[line](headers, json, bytes, request);

	fs.appendFileSync(`${dir}/requests`, `${JSON.stringify({
		n, method: request.method, path: request.url, headers,
		length: bytes.length, status: got.status ?? null,
		socket: request.socket.remotePort, body: shorten(json),
		mime: await parsed(json) })}\n`);
	return row?.date === undefined ? got : { ...got,
		headers: { ...got.headers, date: row.date } };
}

function send(response, got) {
	const body = typeof got.body === 'string' ? got.body :
	    JSON.stringify(got.body ?? '');

	response.writeHead(got.status, { 'content-type': 'application/json',
		'content-length': Buffer.byteLength(body), ...got.headers });
	response.end(response.req.method === 'HEAD' ? '' : body);
}

const server = http.createServer((request, response) => {
	const chunks = [], headers = {};
	const row = rule(`${request.method} ${request.url}`);

	for (let i = 0; i < request.rawHeaders.length; i += 2)
		headers[request.rawHeaders[i].toLowerCase()] =
		    request.rawHeaders[i + 1];
	if (row?.early)
		return send(response, row);
	request.on('error', () => {});
	request.on('data', (chunk) => chunks.push(chunk));
	request.on('end', async () => {
		const got = await answer(request, headers,
		    Buffer.concat(chunks), row);

		if (row?.hang)
			return;
		if (row?.silent || row?.after)
			request.socket.destroy();
		else if (row?.raw !== undefined)
			request.socket.end(row.raw);
		else
			send(response, got);
	});
});

server.keepAliveTimeout = 60e3;
server.listen(0, '127.0.0.1', () => {
	fs.writeFileSync(`${dir}/port.new`, `${server.address().port}`);
	fs.renameSync(`${dir}/port.new`, `${dir}/port`);
});
