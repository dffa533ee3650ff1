// upload_sources.mjs - the files that are uploaded: f1000000 and so on, each of
// other bytes than the next
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';

const BLOCK = 1024 * 1024;
const FIRST = 1000000;	// as drop.c counts

const block = randomBytes(2 * BLOCK);

export class Sources {
	constructor(path, files, bytes) {
		Object.assign(this, { path, files, bytes });
	}

	names() {
		return Array.from({ length: this.files }, (_, i) =>
			`f${FIRST + i}`);
	}

	// Into a directory that may be there.
	write(path = this.path) {
		fs.mkdirSync(path, { recursive: true });
		this.names().forEach((name, i) => {
			const fd = fs.openSync(`${path}/${name}`, 'w', 0o600);
			for (let left = this.bytes; left > 0; left -= BLOCK)
				fs.writeSync(fd, block, i % BLOCK,
				    Math.min(left, BLOCK));
			fs.closeSync(fd);
		});
	}
}
