// verify_journal.mjs DIRECTORY PUBLIC_KEY [SEQ:HASH]: verifies a journal by the
// description of its format alone; shares nothing with spoold.
//
// Prints `good lines=N checkpoints=N last=SEQ:HASH unproven=N` and exits 0, or
// `bad SEGMENT LINE: words` and exits 1.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SEGMENT = /^(\d{4}-\d\d-\d\d)\.(\d{4,9})\.jsonl$/;
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

class Bad extends Error {}

function sha256(...parts) {
	const hash = createHash('sha256');
	for (const part of parts)
		hash.update(part);
	return hash.digest();
}

function base64(text, length) {
	const bytes = Buffer.from(text ?? '', 'base64');
	if (bytes.length !== length || bytes.toString('base64') !== text)
		throw new Bad(`not the base64 of ${length} bytes`);
	return bytes;
}

function signed(key, text, signature) {
	const object = createPublicKey({
		key: Buffer.concat([SPKI, base64(key, 32)]),
		format: 'der', type: 'spki',
	});
	return verify(null, Buffer.from(text), object, base64(signature, 64));
}

// One line: its JSON, and the bytes that the hash covers.
function parse(bytes) {
	const text = bytes.toString('latin1');
	const tail = /,"hash":"([0-9a-f]{64})"(,"signature":"([^"]*)")?\}$/
	    .exec(text);
	if (!tail)
		throw new Bad('no hash at the end');
	let line;
	try {
		line = JSON.parse(new TextDecoder('utf-8', { fatal: true })
		    .decode(bytes));
	} catch {
		throw new Bad('no JSON');
	}
	if (Object.keys(line).slice(0, 3).join() !== 'seq,time,event')
		throw new Bad('not seq, time, event first');
	if ((line.event === 'checkpoint') !== (tail[2] !== undefined))
		throw new Bad('a signature belongs to a checkpoint, and only to it');
	return { line, body: bytes.subarray(0, tail.index),
	    hash: Buffer.from(tail[1], 'hex') };
}

function parseSafely(bytes) {
	try {
		return parse(bytes);
	} catch (error) {
		if (error instanceof Bad)
			return null;
		throw error;
	}
}

function split(bytes) {
	const lines = [];
	let from = 0, to;
	while ((to = bytes.indexOf(10, from)) !== -1) {
		lines.push(bytes.subarray(from, to));
		from = to + 1;
	}
	return { lines, rest: bytes.length - from };
}

// files: [{ name, bytes }] in order; the first public key; a head or nothing;
// what is left of purged segments, in order.
export function verifyJournal(files, publicKey, head, purged = []) {
	const state = { seq: 0, hash: Buffer.alloc(32), key: publicKey.trim(),
	    instance: '', lines: 0, checkpoints: 0, unproven: 0 };
	const [headSeq, headHash] = head ? head.split(':') : ['0', ''];
	const parts = files.map((f) => ({ name: f.name, ...split(f.bytes) }));
	const passed = new Map();
	let where = ['', 0];

	function keys({ line, hash }) {
		if (line.seq === 1) {
			if (line.event !== 'start' ||
			    !/^[0-9a-f]{32}$/.test(line.instance))
				throw new Bad('no start with an instance');
			if (line.key !== state.key)
				throw new Bad('not the public key given');
			state.instance = line.instance;
		} else if (line.event === 'key.rotated') {
			if (!signed(state.key, `spoold-journal-key-v1\n${
			    state.instance}\n${line.seq}\n${line.key}\n`,
			    line.keySignature))
				throw new Bad('new key not signed');
			state.key = line.key;
		} else if (line.event === 'checkpoint') {
			if (line.key !== state.key)
				throw new Bad('unknown key');
			if (!signed(state.key, `spoold-journal-v1\n${
			    state.instance}\n${line.seq}\n${
			    hash.toString('hex')}\n`, line.signature))
				throw new Bad('signature');
		}
	}

	function take(bytes) {
		const parsed = parse(bytes);
		const { line, body, hash } = parsed;
		if (line.seq !== state.seq + 1)
			throw new Bad(`seq ${line.seq} after ${state.seq}`);
		if (!sha256(state.hash, sha256(body)).equals(hash))
			throw new Bad('hash');
		keys(parsed);
		if (line.seq === Number(headSeq) &&
		    hash.toString('hex') !== headHash)
			throw new Bad('not the head that was kept');
		if (passed.has(line.seq) && !passed.get(line.seq).equals(hash))
			throw new Bad('a signed line was replaced');
		if (line.event === 'purged' && line.lastSeq === gone &&
		    line.lastHash === purged.find((p) =>
			p.lastSeq === gone)?.lastHash)
			said = true;
		state.seq = line.seq;
		state.hash = hash;
		state.lines++;
		state.unproven++;
		if (line.event === 'checkpoint') {
			state.checkpoints++;
			state.unproven = 0;
		}
	}

	// Lines that a later segment has again: they go on where the good ones
	// end, until they are torn; checkpoints among them count.
	function passOver(name, lines, before) {
		const saved = { ...state };
		for (const [n, bytes] of lines.entries()) {
			const parsed = parseSafely(bytes);
			where = [name, before + n + 1];
			if (parsed && parsed.line.seq !== state.seq + 1)
				throw new Bad('goes on from nothing');
			try {
				take(bytes);
			} catch (error) {
				if (error instanceof Bad)
					break;
				throw error;
			}
			if (parsed.line.event === 'checkpoint')
				passed.set(parsed.line.seq, parsed.hash);
		}
		Object.assign(state, saved);
	}

	// What was purged: its keys follow from the first, and what remains goes
	// on from its last hash, as a line that remains must say as well.
	let gone = 0, said = false;
	function passPurged() {
		const first = parts[0]?.lines[0] &&
		    parseSafely(parts[0].lines[0])?.line.seq;
		for (const one of purged.filter((p) => p.lastSeq < first)) {
			if (one.firstSeq !== state.seq + 1 ||
			    one.lastSeq <= state.seq)
				throw new Bad('a purged segment is missing');
			for (const r of one.rotations) {
				if (!signed(state.key, `spoold-journal-key-v1\n${
				    one.instance}\n${r.seq}\n${r.key}\n`,
				    r.keySignature))
					throw new Bad('purged key not signed');
				state.key = r.key;
			}
			state.instance = one.instance;
			state.seq = gone = one.lastSeq;
			state.hash = Buffer.from(one.lastHash, 'hex');
		}
	}

	try {
		passPurged();
		parts.forEach((part, index) => {
			const limit = Math.min(...parts.slice(index + 1).map((p) =>
			    (p.lines[0] && parseSafely(p.lines[0])?.line.seq) ||
			    Infinity));
			let n = 0;
			while (n < part.lines.length && state.seq + 1 < limit) {
				where = [part.name, n + 1];
				take(part.lines[n++]);
			}
			where = [part.name, part.lines.length + 1];
			if (n === part.lines.length && part.rest > 0 &&
			    state.seq + 1 < limit)
				throw new Bad('half a line');
			if (n < part.lines.length)
				passOver(part.name, part.lines.slice(n), n);
		});
		if (state.seq === 0)
			throw new Bad('no line');
		if (gone > 0 && !said)
			throw new Bad('no line says that it was purged');
		if (Number(headSeq) > state.seq)
			throw new Bad('the head is missing');
		if (Math.max(0, ...passed.keys()) > state.seq)
			throw new Bad('a signed line is missing');
	} catch (error) {
		if (!(error instanceof Bad))
			throw error;
		return { good: false, segment: where[0], line: where[1],
		    words: error.message };
	}
	return { good: true, lines: state.lines, checkpoints: state.checkpoints,
	    last: `${state.seq}:${state.hash.toString('hex')}`,
	    unproven: state.unproven };
}

export function readJournal(directory) {
	return readdirSync(directory).map((name) => SEGMENT.exec(name))
	    .filter((match) => match)
	    .sort((a, b) => a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : a[2] - b[2])
	    .map(([name]) => ({ name,
	        bytes: readFileSync(join(directory, name)) }));
}

export function readPurged(directory) {
	return readdirSync(directory).filter((name) => name.endsWith('.purged'))
	    .sort().map((name) =>
		JSON.parse(readFileSync(join(directory, name), 'utf8')));
}

if (process.argv[1].endsWith('verify_journal.mjs')) {
	const [directory, publicKey, head] = process.argv.slice(2);
	const r = verifyJournal(readJournal(directory),
	    readFileSync(publicKey, 'utf8'), head, readPurged(directory));
	console.log(r.good ? `good lines=${r.lines} checkpoints=${
	    r.checkpoints} last=${r.last} unproven=${r.unproven}` :
	    `bad ${r.segment} ${r.line}: ${r.words}`);
	process.exitCode = r.good ? 0 : 1;
}
