// journal_tamper.mjs PROBE DIRECTORY: changes a journal in every way that there
// is, one at a time, and asks two verifiers that share nothing.
//
// DIRECTORY has journal/ and journal.pub.  Both must find every change, except
// lines cut off the end, which both must find against the head.  Prints each
// disagreement, and at the end how many changes of each kind there were.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readJournal, verifyJournal } from '../data/verify_journal.mjs';

const [program, directory] = process.argv.slice(2);
const key = readFileSync(join(directory, 'journal.pub'), 'utf8');
const good = readJournal(join(directory, 'journal'));
const scratch = join(directory, 'tampered', 'journal');
mkdirSync(scratch, { recursive: true });
writeFileSync(join(directory, 'tampered', 'journal.pub'), key);

const probe = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
const answers = createInterface({ input: probe.stdout })[Symbol.asyncIterator]();

const onDisk = new Map();

// Only what is not there yet is written: most changes are to one segment.
function lay(files) {
	for (const name of onDisk.keys())
		if (!files.some((file) => file.name === name)) {
			rmSync(join(scratch, name));
			onDisk.delete(name);
		}
	for (const { name, bytes } of files)
		if (onDisk.get(name) !== bytes) {
			writeFileSync(join(scratch, name), bytes);
			onDisk.set(name, bytes);
		}
}

// `0` or `1 SEGMENT:LINE`, as the probe judges it.
async function judge(files, head) {
	lay(files);
	probe.stdin.write(`verify ${scratch} - ${head ?? '-'}\n`);
	const answer = (await answers.next()).value;
	const match = /^verify (-?\d) .* bad=(.*)$/.exec(answer);
	if (match[1] !== '0')
		await answers.next();
	return match[1] === '0' ? '0' : `${match[1]} ${match[2]}`;
}

function judgeAlone(files, head) {
	const r = verifyJournal(files, key, head);
	return r.good ? '0' : `1 ${r.segment}:${r.line}`;
}

const counts = new Map();
let wrong = 0;

async function expect(kind, what, files, found, head) {
	const ours = await judge(files, head);
	const theirs = judgeAlone(files, head);
	counts.set(kind, (counts.get(kind) ?? 0) + 1);
	// Where nothing stands on a line, only the verdict is compared.
	const same = /jsonl:\d+$/.test(ours) ? ours === theirs :
	    ours[0] === theirs[0];
	if (same && (ours !== '0') === found)
		return;
	wrong++;
	console.log(`${kind} ${what}: spoold ${ours}, alone ${theirs}`);
}

function lines(file) {
	return file.bytes.toString('latin1').split('\n').slice(0, -1);
}

function withLines(index, text) {
	return good.map((file, i) => i !== index ? file : { name: file.name,
	    bytes: Buffer.from(text.map((t) => `${t}\n`).join(''), 'latin1') });
}

function withBytes(index, bytes) {
	return good.map((f, i) => i === index ? { name: f.name, bytes } : f);
}

async function flips() {
	for (const [i, file] of good.entries())
		for (let at = 0; at < file.bytes.length; at++) {
			const bytes = Buffer.from(file.bytes);
			bytes[at] ^= 1 << at % 8;
			await expect('flipped', `${file.name} byte ${at}`,
			    withBytes(i, bytes), true);
		}
}

// Every bit of what no hash covers and base64 does not decode: the last digit
// of a signature, its padding, and what comes after it.
async function unhashed() {
	for (const [i, file] of good.entries()) {
		const text = file.bytes.toString('latin1');
		for (const match of text.matchAll(/.=="\}\n/g))
			for (let b = 0; b < match[0].length * 8; b++) {
				const bytes = Buffer.from(file.bytes);
				bytes[match.index + (b >> 3)] ^= 1 << b % 8;
				await expect('unhashed', `${file.name} bit ${b}`,
				    withBytes(i, bytes), true);
			}
	}
}

async function lineChanges() {
	const last = good.length - 1;
	for (const [i, file] of good.entries()) {
		const all = lines(file);
		for (let n = 0; n < all.length; n++) {
			const what = `${file.name} line ${n + 1}`;
			const tail = i === last && n === all.length - 1;
			const left = all.toSpliced(n, 1);
			await expect('dropped', what, withLines(i, left), !tail);
			await expect('doubled', what,
			    withLines(i, all.toSpliced(n, 0, all[n])), true);
			await expect('moved', what,
			    withLines(i, [...left, all[n]]), n < all.length - 1);
			if (n > 0)
				await expect('swapped', what, withLines(i,
				    all.toSpliced(n - 1, 2, all[n], all[n - 1])),
				    true);
			if (!tail)
				await expect('spaced', what, withLines(i,
				    all.toSpliced(n, 1, `${all[n]} `)), true);
			await expect('emptied', what,
			    withLines(i, all.toSpliced(n, 0, '')), true);
		}
	}
}

async function segmentChanges() {
	for (const [i, file] of good.entries()) {
		const last = i === good.length - 1;
		await expect('segment dropped', file.name,
		    good.toSpliced(i, 1), !last);
		if (last)
			continue;
		await expect('segments swapped', file.name, good.with(i,
		    { name: file.name, bytes: good[i + 1].bytes }).with(i + 1,
		    { name: good[i + 1].name, bytes: file.bytes }), true);
		await expect('segments joined', file.name, good.toSpliced(i, 2,
		    { name: file.name, bytes: Buffer.concat([file.bytes,
			good[i + 1].bytes]) }), false);
	}
}

// Cut anywhere: found against the head, and without where a line is torn.
async function cuts() {
	const file = good.at(-1);
	const head = verifyJournal(good, key).last;
	for (let at = 0; at < file.bytes.length; at++) {
		const bytes = file.bytes.subarray(0, at);
		const files = withBytes(good.length - 1, bytes);
		const torn = at > 0 && bytes[at - 1] !== 10;
		await expect('cut', `at ${at}`, files, torn);
		if (!torn)
			await expect('cut, with a head', `at ${at}`, files, true,
			    head);
	}
	await expect('whole, with a head', head, good, false, head);
	await expect('another head', head, good, true,
	    `${head.slice(0, -1)}${head.endsWith('0') ? 1 : 0}`);
}

await flips();
await unhashed();
await lineChanges();
await segmentChanges();
await cuts();
probe.stdin.end();
for (const [kind, count] of counts)
	console.log(`${kind}: ${count > 0 ? 'all' : 'none'}`);
console.log(`wrong: ${wrong}`);
process.exitCode = wrong === 0 ? 0 : 1;
