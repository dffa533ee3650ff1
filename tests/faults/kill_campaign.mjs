// kill_campaign.mjs [--slice POINTS] [--jobs N] [--story NAME] [--point
// CALL:OCCURRENCE]: kill -9 of spoold at each of its system calls
//
// A trace of each story (story.mjs) gives the points: pairs of a system call's
// name and its occurrence, for strace counts per call.  Only calls that change
// what can be seen from outside the process are points: a kill at any other
// moment leaves what a kill at the next such call leaves.  For each point a
// fresh instance lives through the story, is killed by strace as it enters
// that call, is started again without strace, and everything promised must be
// true of it.  With --slice that many points are taken, evenly spread.
//
// Exit status 0 if all points hold, 1 if one does not (its instance is kept).
import fs from 'node:fs';
import os from 'node:os';
import { Instance, eventually } from './instance.mjs';
import { Receiver } from './receiver.mjs';
import { settled, wrongs } from './checks.mjs';
import { links, lookAtLinks, prepareLinks } from './links.mjs';
import { aged, erase, finish, prepare, purge, recovery, ripe, work, wreck }
	from './story.mjs';

const CALLS = ['write', 'pwrite64', 'writev', 'fsync', 'fdatasync', 'syncfs',
	'rename', 'renameat', 'renameat2', 'unlink', 'unlinkat', 'link',
	'linkat', 'mkdir', 'mkdirat', 'openat', 'openat2', 'ftruncate',
	'fallocate', 'utimensat', 'fchmod', 'fchmodat', 'sendmsg', 'sendto',
	'clone', 'clone3', 'execve', 'bind', 'flock', 'exit_group', 'io_submit',
	'io_getevents'];

// A call that only looks changes nothing.
const LOOKS = /^(openat2?)\(.*O_RDONLY/;

const STORIES = {
	work: { tell: work },
	recovery: { before: wreck, tell: recovery },
	purge: { before: ripe, tell: purge },
	erase: { before: aged, tell: erase },
	links: { prepare: prepareLinks, tell: links, look: lookAtLinks },
};

function options(argv) {
	const chosen = { jobs: 2, stories: Object.keys(STORIES) };
	for (let i = 0; i < argv.length; i += 2) {
		const [name, value] = argv.slice(i, i + 2);
		if (name === '--slice')
			chosen.slice = Number(value);
		else if (name === '--jobs')
			chosen.jobs = Number(value);
		else if (name === '--story')
			chosen.stories = [value];
		else if (name === '--point')
			chosen.point = value;
		else
			throw new Error(`what is ${name}?`);
	}
	return chosen;
}

const base = fs.mkdtempSync(`${process.env.TMPDIR ?? os.tmpdir()}/spoold-kill.`);
const receiver = new Receiver();
let number = 0;

// Lives through a story; {instance, run, ended}.
async function live(story, strace) {
	const run = `r${++number}`;
	const instance = new Instance(`${base}/${run}`);
	await (STORIES[story].prepare ?? prepare)(instance, receiver, run);
	await STORIES[story].before?.(instance);
	const traced = await instance.startTraced(strace(instance));
	if (!traced.ended)
		await STORIES[story].tell(instance, traced);
	const killed = traced.child.signalCode === 'SIGKILL';
	await instance.crash();
	await traced.dead;
	return { instance, run, killed };
}

// The points of a story, in the order in which they come.
async function points(story) {
	const { instance } = await live(story, ({ root }) => ['-o',
		`${root}/trace`, '-e', `trace=${CALLS.join(',')}`]);
	const counts = new Map();
	const found = [];
	for (const line of fs.readFileSync(`${instance.root}/trace`, 'latin1')
	    .split('\n')) {
		const name = /^([a-z0-9_]+)\(/.exec(line)?.[1];
		if (!name)
			continue;
		counts.set(name, (counts.get(name) ?? 0) + 1);
		if (!LOOKS.test(line))
			found.push({ story, name, when: counts.get(name) });
	}
	fs.rmSync(instance.root, { recursive: true });
	return found;
}

function spread(all, count) {
	if (count === undefined || count >= all.length)
		return all;
	return Array.from({ length: count }, (_, i) =>
		all[Math.floor((i + 0.5) * all.length / count)]);
}

async function attempt({ story, name, when }) {
	const { instance, run, killed } = await live(story, () => ['-o',
		'/dev/null', '-e', `trace=${name}`, '-e',
		`inject=${name}:signal=KILL:when=${when}`]);
	const found = [];
	try {
		await finish(instance);
		await settled(instance);
		await STORIES[story].look?.(instance, found);
		await instance.must('spoolctl', 'stop');
		found.push(...await wrongs(instance, receiver, run));
	} catch (error) {
		found.push(error.message);
	}
	await instance.crash();
	receiver.forget(run);
	if (found.length === 0)
		fs.rmSync(instance.root, { recursive: true });
	return { killed, found, kept: instance.root };
}

async function main() {
	const chosen = options(process.argv.slice(2));
	await receiver.listen();
	let all = [];
	for (const story of chosen.stories)
		all.push(...await points(story));
	const total = all.length;
	if (chosen.point) {
		const [name, when] = chosen.point.split(':');
		all = [{ story: chosen.stories[0], name, when: Number(when) }];
	}
	const queue = spread(all, chosen.slice);
	console.log(`${queue.length} of ${total} points`);
	const result = { killed: 0, missed: 0, bad: 0 };
	const worker = async () => {
		for (let point = queue.shift(); point; point = queue.shift()) {
			const { killed, found, kept } = await attempt(point);
			result[killed ? 'killed' : 'missed']++;
			if (found.length === 0)
				continue;
			result.bad++;
			console.log(`${point.story} ${point.name}:` +
			    `${point.when} (${kept})`);
			for (const sentence of found.slice(0, 8))
				console.log(`\t${sentence}`);
		}
	};
	await Promise.all(Array.from({ length: chosen.jobs }, worker));
	receiver.close();
	if (result.bad === 0)
		fs.rmSync(base, { recursive: true });
	console.log(`${result.killed} killed there, ${result.missed} ended ` +
	    `before that, ${result.bad} bad`);
	// A campaign that mostly misses shows nothing.
	process.exit(result.bad > 0 || result.missed > result.killed ? 1 : 0);
}

await main();
