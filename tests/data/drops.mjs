// drops.mjs SPOOL COUNT PREFIX JOB [--sync] [--every MS]: drops COUNT copies of
// the job's text into SPOOL/new as PREFIX-1.json and so on, as a careful client
// does, and prints each one's delivery id and name once its drop is complete:
// with --sync, once it is durable.  `%N` in the text is the job's number.
import { closeSync, fsyncSync, openSync, renameSync, writeSync }
	from 'node:fs';
import { basename } from 'node:path';
import { spoolId } from './spool_id.mjs';

const argv = process.argv.slice(2);
const sync = argv.includes('--sync');
const at = argv.indexOf('--every');
const every = at >= 0 ? Number(argv[at + 1]) : 0;
const [spool, count, prefix, job] = argv;
const organization = basename(spool);

function syncPath(path) {
	const fd = openSync(path, 'r');
	fsyncSync(fd);
	closeSync(fd);
}

function drop(n) {
	const name = `${prefix}-${n}.json`;
	const fresh = `${spool}/tmp/${name}`;
	const fd = openSync(fresh, 'wx', 0o600);
	writeSync(fd, job.replaceAll('%N', String(n)));
	if (sync)
		fsyncSync(fd);
	closeSync(fd);
	if (sync)
		syncPath(`${spool}/tmp`);
	const id = spoolId(organization, name, fresh);
	renameSync(fresh, `${spool}/new/${name}`);
	if (sync)
		syncPath(`${spool}/new`);
	writeSync(1, `${id} ${name}\n`);
}

for (let n = 1; n <= Number(count); n++) {
	drop(n);
	if (every > 0)
		await new Promise((done) => setTimeout(done, every));
}
