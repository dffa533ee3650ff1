// verify.mjs SINK_DIR SECRET [PATH]: judges every request that the receiver of
// the system tests kept (with its body), or those for PATH, by the reference
// library of Standard Webhooks and by svix, or, since neither knows ed25519, by
// node:crypto where SECRET is a `whsk_`.  Prints a line each: id, path and what
// they say; exit status 1 if one of them says no to any, or nothing came.
import crypto from 'node:crypto';
import fs from 'node:fs';
import { Webhook as Standard } from 'standardwebhooks';
import { Webhook as Svix } from 'svix';

const [dir, secret, path] = process.argv.slice(2);

// The key behind the seed that a `whsk_` begins with.
function publicKey(secret) {
	const seed = Buffer.from(secret.slice('whsk_'.length), 'base64');
	const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
	return crypto.createPublicKey(crypto.createPrivateKey({ format: 'der',
		type: 'pkcs8', key: Buffer.concat([pkcs8, seed.subarray(0, 32)]) }));
}

class Ed25519 {
	constructor(secret) {
		this.key = publicKey(secret);
	}

	verify(body, headers) {
		const message = Buffer.from(`${headers['webhook-id']}.` +
			`${headers['webhook-timestamp']}.${body}`);
		const good = headers['webhook-signature'].split(' ')
			.filter((one) => one.startsWith('v1a,'))
			.some((one) => crypto.verify(null, message, this.key,
				Buffer.from(one.slice(4), 'base64')));
		if (!good)
			throw new Error('no signature of that key');
	}
}

const judges = secret.startsWith('whsk_') ?
	{ 'node:crypto': new Ed25519(secret) } :
	{ standardwebhooks: new Standard(secret), svix: new Svix(secret) };

function judge(judge, body, headers) {
	try {
		judge.verify(body, headers);
		return 'ok';
	} catch (error) {
		// both parse what they have verified: a file is no JSON
		return error instanceof SyntaxError ? 'ok' : error.message;
	}
}

let good = 0;
let bad = 0;
for (const line of fs.readFileSync(`${dir}/requests`, 'utf8').split('\n')) {
	if (line === '')
		continue;
	const request = JSON.parse(line);
	if (path !== undefined && request.path !== path)
		continue;
	const body = fs.readFileSync(`${dir}/bodies/${request.n}`, 'utf8');
	const said = Object.entries(judges).map(([name, one]) =>
		`${name} ${judge(one, body, request.headers)}`);
	if (said.every((one) => one.endsWith(' ok')))
		good++;
	else
		bad++;
	console.log(`${request.id} ${request.path} ${said.join(', ')}`);
}
process.exit(good > 0 && bad === 0 ? 0 : 1);
