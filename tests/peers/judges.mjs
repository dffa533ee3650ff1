// judges.mjs - who says whether a webhook is signed by a secret: the reference
// library of Standard Webhooks and svix, or, since neither knows ed25519,
// node:crypto where the secret is a `whsk_`.
import crypto from 'node:crypto';
import { Webhook as Standard } from 'standardwebhooks';
import { Webhook as Svix } from 'svix';

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

// judges(SECRET): each by its name, with verify(body, headers), which throws.
export function judges(secret) {
	return secret.startsWith('whsk_') ?
		{ 'node:crypto': new Ed25519(secret) } :
		{ standardwebhooks: new Standard(secret), svix: new Svix(secret) };
}

// 'ok', or what it says instead.
export function judge(one, body, headers) {
	try {
		one.verify(body, headers);
		return 'ok';
	} catch (error) {
		// both parse what they have verified: a file is no JSON
		return error instanceof SyntaxError ? 'ok' : error.message;
	}
}
