// uploads.mjs [--rounds N] [--uploads "KIND..."] [--loads "LOAD..."]
//     [--clients "NAME,..."]: spoold's uploads beside those of other clients,
// to the same receivers, from the same file system, one after the other within
// each round; medians, with the lowest and the highest, and spoold's ratio to
// each.
//
// Of spoold two times are told: `spoold` from the first drop, and `drain` from
// when the destination of jobs that wait is enabled, both until each delivery
// is on record; and both again where a destination can be told not to have what
// it gets synced, as most peers do not.  A peer's is from its start to its end.
// `library` is one process that does nothing but write, by the library that
// spoold uses: what the library, the receiver and the machine allow.  Receivers do not count as
// cost.  Exit status 1 if a file did not come whole, or if something did not
// run; never because of a time.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { killLaunched } from './processes.mjs';
import { Command, Spoold } from './upload_clients.mjs';
import { Sources } from './upload_sources.mjs';
import { UploadReport } from './upload_report.mjs';
import { s3 } from './upload_s3.mjs';
import { sftp } from './upload_sftp.mjs';
import { smtp } from './upload_smtp.mjs';
import { Volume } from './volume.mjs';

const KIB = 1024, MIB = 1024 * KIB;
const KINDS = { sftp, s3, smtp };
const LOADS = {
	small: { files: 1000, bytes: 10 * KIB },
	large: { files: 1, bytes: 256 * MIB },
	mail: { files: 5000, bytes: KIB },
};

const argv = process.argv.slice(2);
const words = (name, fallback, mark = /\s+/) => {
	const at = argv.indexOf(name);
	const value = at < 0 ? '' : argv[at + 1].trim();
	return (value === '' ? fallback : value).split(mark);
};
const rounds = Number(words('--rounds', '3')[0]);
const kinds = words('--uploads', Object.keys(KINDS).join(' '));
const only = words('--clients', 'all', ',');
const loads = words('--loads', Object.keys(LOADS).join(' '));

const volume = new Volume();
const report = new UploadReport(rounds, LOADS);

// Whatever ends it: nothing stays mounted, nothing goes on running.
process.on('exit', () => {
	killLaunched();
	volume.close();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.on(signal, () => process.exit(1));

// Those that a load is measured with, in the order of each round.
const clientsOf = (kind) => [
	['spoold', new Spoold(kind, {})],
	['drain', new Spoold(kind, { drain: true })],
	...kind.unsynced === undefined ? [] : [
		['spoold unsynced', new Spoold(kind, { unsynced: true })],
		['drain unsynced', new Spoold(kind, { drain: true,
			unsynced: true })],
	],
	...Object.entries(kind.peers).map(([name, Peer]) => [name,
		Peer.prototype?.run ? new Peer() : new Command(Peer)]),
].filter(([name]) => only[0] === 'all' || only.includes(name));

async function measure(kind, load, [name, client]) {
	const { files, bytes } = LOADS[load];
	volume.fresh();
	const receiver = new kind.Receiver(files);
	await receiver.open(volume.path);
	const sources = new Sources(`${volume.path}/source`, files, bytes);
	await client.open(volume.path, receiver, sources);
	spawnSync('sync', ['-f', volume.path]);
	const before = receiver.cpu();
	const taken = await client.run();
	const received = receiver.cpu() - before;
	await receiver.check(sources);
	await client.close();
	await receiver.close();
	report.add(kind.name, load, name, { ...taken, received });
}

function check() {
	const strange = [...kinds.filter((one) => !(one in KINDS)),
		...loads.filter((one) => !(one in LOADS))];
	if (strange.length > 0)
		throw new Error(`no such thing: ${strange.join(' ')}; there ` +
		    `are ${Object.keys({ ...KINDS, ...LOADS }).join(' ')}`);
	if (!(rounds >= 1))
		throw new Error('ROUNDS is a number, 1 or more');
	const found = (name) => [...process.env.PATH.split(':'), '/usr/sbin']
		.some((path) => fs.existsSync(`${path}/${name}`));
	const missing = ['mkfs.ext4', 'losetup', 'pgrep', ...kinds.flatMap(
	    (name) => KINDS[name].needs)].filter((name) =>
		name.startsWith('/') ? !fs.existsSync(name) : !found(name));
	if (missing.length > 0)
		throw new Error(`not here: ${missing.join(', ')}; ` +
		    'see make bench-deps');
	if (process.getuid() !== 0)
		throw new Error('only root can mount a file system');
}

async function all() {
	check();
	volume.open();
	for (const { name, synced } of kinds.map((name) => KINDS[name]))
		if (synced !== undefined)
			report.syncing(name, synced);
	for (let round = 1; round <= rounds; round++)
		for (const kind of kinds.map((name) => KINDS[name]))
			for (const load of kind.loads)
				if (loads.includes(load))
					for (const client of clientsOf(kind))
						await measure(kind, load,
						    client);
}

try {
	await all();
	report.print();
} catch (error) {
	console.error(`bench: ${error.stack}`);
	process.exitCode = 1;
}
process.exit();
