// scan_corpus.mjs PROBE COUNT SEED: random JSON texts, whole, cut and damaged,
// judged by JSON.parse and by lib/scan.  Prints how many there were, and each
// on which they differ.
//
// The scan is stricter than JSON.parse; what it refuses besides is looked for
// here in other ways: duplicate names as colons that left no property behind,
// numbers out of range as infinities.  A text that is not valid must be called
// too short exactly if one of many endings makes it valid.
import { spawnSync } from 'node:child_process';

const [probe, count, seed] = process.argv.slice(2);
const DEPTH_MAX = 64;

let state = BigInt(seed) + 1n;
function random(below) {		// xorshift64*
	state ^= state >> 12n;
	state = BigInt.asUintN(64, state ^ (state << 25n));
	state ^= state >> 27n;
	return Number((BigInt.asUintN(64, state * 2685821657736338717n) >> 33n)
		% BigInt(below));
}
const pick = (list) => list[random(list.length)];

// Texts are strings of bytes ("latin1"), since many are no UTF-8.
const bytes = (text) => Buffer.from(text, 'utf8').toString('latin1');

const SPACES = ['', '', '', ' ', '\n', '\t\r '];
const NUMBERS = ['0', '-0', '7', '12', '-3.5', '1e5', '1E+2', '2.50e-3',
	'1e308', '1.7976931348623157e308', '1.7976931348623159e308', '1e309',
	'-1e999', '0e999', '1e-999', '12345678901234567890', '0.000012e313',
	'01', '1.', '.5', '+1', '-', '1e', '1e+', '0x1'];
const PIECES = ['a', 'b', 'zz', ' ', '\\n', '\\"', '\\\\', '\\/', '\\u0061',
	'\\u00e9', '\\ud83d\\ude00', '\\uD83D', '\\udE00', '\\u0000', '\\u001f',
	'\\x', '\\u12', bytes('é'), bytes('€'), bytes('😀'), bytes('\ufeff'),
	'\x7f', '\x01', '\0', '\xc0\x80', '\xed\xa0\x80', '\xf4\x90\x80\x80',
	'\xe0\x9f\xbf', '\xff', '\xe2\x82'];
const GOOD_PIECES = PIECES.slice(0, 11).concat(PIECES.slice(17, 22));

function string(pieces) {
	let text = '';
	for (let n = random(4); n > 0; n--)
		text += pick(pieces);
	return `"${text}"`;
}

function value(depth, evil) {
	const space = () => pick(SPACES);
	const kind = random(depth > 4 ? 5 : 9);
	if (kind < 2)
		return string(evil && random(4) === 0 ? PIECES : GOOD_PIECES);
	if (kind < 4)
		return pick(evil ? NUMBERS : NUMBERS.slice(0, 9));
	if (kind === 4)
		return pick(['true', 'false', 'null']);
	const items = [];
	for (let n = random(5); n > 0; n--) {
		const name = kind < 7 ? `${string(GOOD_PIECES)}${space()}:` : '';
		items.push(`${space()}${name}${space()}` +
			`${value(depth + 1, evil)}${space()}`);
	}
	const inner = items.join(',') || space();
	return kind < 7 ? `{${inner}}` : `[${inner}]`;
}

function damage(text) {
	const at = random(text.length + 1);
	switch (random(5)) {
	case 0:
		return text.slice(0, at);
	case 1:
		return text.slice(0, at) + text.slice(at + 1);
	case 2:
		return text.slice(0, at) + pick(['"', '{', '}', '[', ']', ',',
			':', '\\', '0', 'e', '.', '-', 't', ' ', '\x80', '\0',
			'\xc3', '\xef\xbb\xbf']) + text.slice(at);
	case 3:
		return text.slice(0, at) +
			String.fromCharCode(random(256)) + text.slice(at + 1);
	default:
		return text + pick([' ', ',', '0', 'x', '\0', '{}']);
	}
}

function deep() {
	const depth = 60 + random(8);
	const open = pick(['[', '{"a":']);
	const close = open === '[' ? ']' : '}';
	return open.repeat(depth) + '0' + close.repeat(depth);
}

// Walks a parsed value: its depth and properties, or -1 if a string or number
// in it is not allowed.
function walk(parsed, depth, found) {
	if (typeof parsed === 'string')
		return parsed.isWellFormed() && !parsed.includes('\0');
	if (typeof parsed === 'number')
		return Number.isFinite(parsed);
	if (parsed === null || typeof parsed !== 'object')
		return true;
	if (depth === DEPTH_MAX)
		return false;
	for (const [name, item] of Object.entries(parsed)) {
		if (!Array.isArray(parsed))
			found.names++;
		if (!walk(name, 0, found) || !walk(item, depth + 1, found))
			return false;
	}
	return true;
}

function valid(text) {
	let parsed, utf8;
	try {
		utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
			.decode(Buffer.from(text, 'latin1'));
		parsed = JSON.parse(utf8);
	} catch {
		return false;
	}
	const found = { names: 0 };
	const bare = text.replace(/"(?:[^"\\]|\\[^])*"/g, '');
	return walk(parsed, 0, found) &&
		bare.split(':').length - 1 === found.names;
}

const TOKENS = ['', '0', 'e-999', '"', 'zz"', 'n"', 'nzz"', 'rue', 'ue', 'e',
	'alse', 'lse', 'se', 'ull', 'll', 'l', 'u0041zz"', '0041zz"', '041zz"',
	'41zz"', '1zz"', '2zz"', '\\udc00zz"', 'udc00zz"', 'dc00zz"', 'c00zz"',
	'00zz"', '0zz"', '800\\udc00zz"', '00\\udc00zz"', '0\\udc00zz"',
	'\x80zz"', '\x80\x80zz"', '\x80\x80\x80zz"', '\xa0\x80zz"',
	'\x90\x80zz"', '\x90\x80\x80zz"'];
const AFTER = ['', ':0', '0', '"zzz":0'];

function closers(text) {
	const stack = [];
	const bare = text.replace(/"(?:[^"\\]|\\[^])*("|\\?$)/g, '');
	for (const c of bare) {
		if (c === '{' || c === '[')
			stack.unshift(c === '{' ? '}' : ']');
		else if (c === '}' || c === ']')
			stack.shift();
	}
	return stack.join('');
}

function verdict(text) {
	if (valid(text))
		return 1;
	const close = closers(text);
	for (const token of TOKENS)
		for (const after of AFTER)
			if (valid(text + token + after + close))
				return 0;
	return -1;
}

const texts = [];
while (texts.length < Number(count)) {
	let text = random(50) === 0 ? deep() : value(0, random(2) === 0);
	for (let n = random(3); n > 0; n--)
		text = damage(text);
	texts.push(text);
}
const hex = texts.map((t) => Buffer.from(t, 'latin1').toString('hex'));
const run = spawnSync(probe, ['-b'], { input: hex.join('\n') + '\n' });
const said = String(run.stdout).trim().split('\n').map(Number);
const seen = { '1': 0, '0': 0, '-1': 0 };
let differ = 0;
texts.forEach((text, i) => {
	const expected = verdict(text);
	seen[expected]++;
	if (said[i] !== expected) {
		differ++;
		console.log(`${said[i]} for ${expected}: ${JSON.stringify(text)}`);
	}
});
const mixed = Math.min(...Object.values(seen)) > Number(count) / 20;
console.log(`${texts.length} texts, ${mixed ? 'of all kinds' : 'too alike'}, ` +
	`${differ} judged differently`);
process.exit(run.status === 0 && differ === 0 ? 0 : 1);
