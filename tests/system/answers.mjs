// answers.mjs SOCKET FILE: in spoold's place, answers whatever is asked with an
// empty result, and writes each verb with each of its fields to FILE, a line
// each.
import net from 'node:net';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [path, file] = process.argv.slice(2);
const common = ['id', 'verb', 'organizationId'];

net.createServer((socket) => {
	createInterface({ input: socket }).on('line', (line) => {
		const asked = JSON.parse(line);
		const fields = Object.keys(asked)
			.filter((name) => !common.includes(name));
		for (const name of ['', ...fields])
			appendFileSync(file, `${asked.verb} ${name}\n`);
		socket.write(`{"id":${asked.id},"ok":true,"result":{}}\n`);
	});
	socket.on('error', () => socket.destroy());
}).listen(path, () => appendFileSync(file, ''));
