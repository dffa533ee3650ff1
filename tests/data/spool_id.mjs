// spool_id.mjs ORGANIZATION PATH [NAME]...: the delivery id of a drop, computed
// from the file alone, by a program that shares nothing with spoold.
//
//   48 bits  the birth time, milliseconds since 1970
//   80 bits  of SHA-256("<org>\n<name>\n<inode>\n<btime ns>\n<mtime ns>\n<size>\n")
//
// in Crockford's base32.  A PATH that is a directory stands for everything in
// it; then each line is the id, a tab, and the name in hexadecimal, for a name
// may be no text.  With `=NAME` after a path, the name that the file will have
// in new/.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

export function spoolId(organization, name, path) {
	const stat = lstatSync(path, { bigint: true });
	const hash = createHash('sha256');
	hash.update(`${organization}\n`);
	hash.update(name);
	hash.update(`\n${stat.ino}\n${stat.birthtimeNs}\n${stat.mtimeNs}\n`);
	hash.update(`${stat.size}\n`);
	const digest = hash.digest('hex').slice(0, 20);
	let bits = BigInt.asUintN(48, stat.birthtimeNs / 1000000n) << 80n;
	bits |= BigInt(`0x${digest}`);
	let id = '';
	for (let i = 0; i < 26; i++, bits >>= 5n)
		id = ALPHABET[Number(bits & 31n)] + id;
	return id;
}

function all(organization, directory) {
	const prefix = Buffer.from(`${directory}/`);
	for (const name of readdirSync(directory, { encoding: 'buffer' })) {
		const path = Buffer.concat([prefix, name]);
		const id = spoolId(organization, name, path);
		console.log(`${id}\t${name.toString('hex')}`);
	}
}

if (process.argv[1].endsWith('spool_id.mjs')) {
	const [organization, ...paths] = process.argv.slice(2);
	for (let i = 0; i < paths.length; i++) {
		const path = paths[i];
		let name = basename(path);
		if (paths[i + 1]?.startsWith('='))
			name = paths[++i].slice(1);
		else if (lstatSync(path).isDirectory()) {
			all(organization, path);
			continue;
		}
		console.log(spoolId(organization, name, path));
	}
}
