// cloud_judge.mjs PROBE FOLDER DATA - what is signed for stores in clouds, beside
// what Azure's own library signs and what jose verifies
//
// Requests that Azure's library has sent (DATA/*.json), and others that are made
// here, for the emulator, whose path begins with the account, and for a real
// account.  Prints what differs and a line that counts.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

const [, , probe, folder, data] = process.argv;
const require = createRequire(`${folder}/`);
const { StorageSharedKeyCredential } = require('@azure/storage-blob');
const { jwtVerify } = await import(require.resolve('jose'));
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
let count = 0, wrong = 0;

function differ(what, wanted, got) {
	count++;
	if (wanted === got)
		return;
	wrong++;
	console.log(`${what}: wanted ${wanted}, got ${got}`);
}

// The library's, of another moment than now.
function library(account, method, url, date, headers) {
	const { toUTCString } = Date.prototype;
	const all = new Map(headers.map(([n, v]) => [n.toLowerCase(), v]));

	Date.prototype.toUTCString = () => date;
	const policy = new StorageSharedKeyCredential(account, KEY).create({});
	const signed = policy.signRequest({ method, url, headers: {
		get: (n) => all.get(n.toLowerCase()),
		set: (n, v) => all.set(n.toLowerCase(), v),
		headersArray: () => [...all].map(([name, value]) =>
		    ({ name, value })) } });

	Date.prototype.toUTCString = toUTCString;
	return signed.headers.get('authorization');
}

function ours(account, method, path, length, date, headers) {
	const [place, query] = path.split('?');
	const text = execFileSync(probe, ['sharedkey', account, KEY, method,
		place, query ?? '', `${length}`, `${Date.parse(date) / 1000}`,
		...headers.map(([n, v]) => `${n}: ${v}`)], { encoding: 'utf8' });

	return { text, authorization: /^Authorization: (.*)$/m.exec(text)?.[1] };
}

for (const name of readdirSync(data).filter((n) => n.endsWith('.json'))) {
	const sent = JSON.parse(readFileSync(`${data}/${name}`));
	const of = (wanted) => sent.headers.find(([n]) =>
		n.toLowerCase() === wanted)?.[1];
	const kept = sent.headers.filter(([n]) => !['x-ms-date',
		'authorization', 'content-length', 'host', 'connection']
	    .includes(n.toLowerCase()));

	differ(name, of('authorization'), ours('devstoreaccount1', sent.method,
		sent.path, sent.body_len, of('x-ms-date'), kept).authorization);
}

const DATE = 'Mon, 23 Nov 2026 21:00:56 GMT';
const requests = [
	['PUT', '/spool/a%20b%2B%C3%A9.txt', 6, [
		['Content-Type', 'text/plain'], ['If-None-Match', '*'],
		['X-Ms-Version', '2021-12-02'], ['X-Ms-Meta-b', '=?UTF-8?B?w6k=?='],
		['X-Ms-Meta-a_b', 'x'], ['X-Ms-Meta-a', 'y'],
		['Content-MD5', '1B2M2Y8AsgTpgAmY7PhCfg==']]],
	['PUT', '/spool/k?blockid=0000000%2B&comp=block', 16777216, [
		['Content-Type', 'application/octet-stream']]],
	['PUT', '/spool/empty', 0, [['X-Ms-Blob-Type', 'BlockBlob']]],
	['GET', '/spool/k?blocklisttype=uncommitted&comp=blocklist', 0, []],
	['HEAD', '/spool/it%27s%20%281%29%21%2A', 0, []],
	['DELETE', '/spool/k', 0, [['If-Match', '"0x8D"']]],
];

for (const [account, before] of [['devstoreaccount1', '/devstoreaccount1'],
	['realaccount', '']])
	for (const [method, path, length, headers] of requests) {
		const sent = [...headers, ['Content-Length', `${length}`]];
		const made = ours(account, method, before + path, length, DATE,
			headers);

		differ(`${account} ${method} ${path}`, library(account, method,
			`https://host${before}${path}`, DATE, sent),
			made.authorization);
		// The emulator's resource has the account twice.
		differ(`${account} resource`, true, made.text.includes(
			`\n/${account}${before}${path.split('?')[0]}\n`));
	}

// --- assertions ---

const { publicKey, privateKey } = generateKeyPairSync('rsa',
	{ modulusLength: 2048 });
const now = Math.floor(Date.now() / 1000);
const assertion = execFileSync(probe, ['jwt', 'spool@proj', 'a b',
	'https://host/token', `${now}`, '3600'], { encoding: 'utf8',
	input: privateKey.export({ type: 'pkcs8', format: 'pem' }) }).trim();
const { payload, protectedHeader } = await jwtVerify(assertion, publicKey,
	{ algorithms: ['RS256'], issuer: 'spool@proj',
		audience: 'https://host/token' });

differ('header', '{"alg":"RS256","typ":"JWT","kid":"abc"}',
	JSON.stringify(protectedHeader));
differ('claims', JSON.stringify({ iss: 'spool@proj', scope: 'a b',
	aud: 'https://host/token', iat: now, exp: now + 3600 }),
	JSON.stringify(payload));
console.log(`${count} judged, ${wrong} wrong`);
