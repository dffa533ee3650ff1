// journal_forge.mjs DIRECTORY HOW: writes a journal anew as a forger would who
// knows the format: one word of the second line changed, and every hash, and
// whatever can be signed, made to fit.
//
//	hashes		with no key
//	own		every signature by a key of the forger's own
//	today		every signature by the private key found on the machine,
//			which becomes the key of the first line too
//	late		today's key signs yesterday's checkpoints
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync,
    sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJournal } from '../data/verify_journal.mjs';

const [directory, how] = process.argv.slice(2);
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

function privateKey() {
	if (how === 'own')
		return generateKeyPairSync('ed25519').privateKey;
	const raw = Buffer.from(readFileSync(join(directory, 'journal.key'),
	    'utf8'), 'base64');
	return createPrivateKey({ key: Buffer.concat([PKCS8, raw]),
	    format: 'der', type: 'pkcs8' });
}

const key = how === 'hashes' ? null : privateKey();
const publicText = key && createPublicKey(key)
    .export({ format: 'der', type: 'spki' }).subarray(12).toString('base64');
const replaceKey = how === 'own' || how === 'today';
let hash = Buffer.alloc(32);
let instance = '';

function signature(text) {
	return sign(null, Buffer.from(text), key).toString('base64');
}

function forge(text) {
	const line = JSON.parse(text);
	const signed = line.signature;
	delete line.hash;
	delete line.signature;
	instance ||= line.instance;
	if (line.seq === 2)
		line.org = 'forged';
	if (replaceKey && line.key)
		line.key = publicText;
	if (key && line.event === 'key.rotated')
		line.keySignature = signature(`spoold-journal-key-v1\n${
		    instance}\n${line.seq}\n${line.key}\n`);
	const body = JSON.stringify(line).slice(0, -1);
	hash = createHash('sha256').update(hash)
	    .update(createHash('sha256').update(body).digest()).digest();
	const hex = hash.toString('hex');
	if (!signed)
		return `${body},"hash":"${hex}"}`;
	return `${body},"hash":"${hex}","signature":"${key ? signature(
	    `spoold-journal-v1\n${instance}\n${line.seq}\n${hex}\n`) : signed}"}`;
}

for (const { name, bytes } of readJournal(join(directory, 'journal'))) {
	const lines = bytes.toString().split('\n').slice(0, -1);
	writeFileSync(join(directory, 'journal', name),
	    lines.map((line) => `${forge(line)}\n`).join(''));
}
