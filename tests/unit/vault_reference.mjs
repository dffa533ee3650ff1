// vault_reference.mjs - sealed values by node's crypto, from the words of the
// manual alone: the judge of lib/vault
//
// open KEYFILE ORG DESTINATION ORIGIN FIELD SEALED	prints the value
// seal KEYFILE ORG DESTINATION ORIGIN FIELD VALUE	prints a sealed one
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes }
    from 'node:crypto';
import { readFileSync } from 'node:fs';

const [verb, keyFile, org, destination, origin, field, text] =
    process.argv.slice(2);
const master = readFileSync(keyFile);

const counted = (...parts) => Buffer.concat(parts.flatMap(part => {
	const bytes = Buffer.from(part);
	const length = Buffer.alloc(4);
	length.writeUInt32BE(bytes.length);
	return [length, bytes];
}));

const keyId = createHash('sha256').update('spoold-master-key-v1\n')
    .update(master).digest('hex').slice(0, 8);
const key = Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0),
    counted(org, destination), 32));
const aad = counted(org, destination, origin, field, 'v1');

if (verb === 'open') {
	const [version, id, nonce, body] = text.split('.');
	const bytes = Buffer.from(body, 'base64url');
	if (version !== 'v1' || id !== keyId)
		throw new Error(`sealed under ${version} ${id}, not ${keyId}`);
	const cipher = createDecipheriv('aes-256-gcm', key,
	    Buffer.from(nonce, 'base64url'));
	cipher.setAAD(aad);
	cipher.setAuthTag(bytes.subarray(-16));
	process.stdout.write(Buffer.concat([
	    cipher.update(bytes.subarray(0, -16)), cipher.final()]));
} else {
	const nonce = randomBytes(12);
	const cipher = createCipheriv('aes-256-gcm', key, nonce);
	cipher.setAAD(aad);
	const body = Buffer.concat([cipher.update(text), cipher.final(),
	    cipher.getAuthTag()]);
	console.log(['v1', keyId, nonce.toString('base64url'),
	    body.toString('base64url')].join('.'));
}
