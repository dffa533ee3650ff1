// unread.mjs SOCKET COUNT REQUEST FILE: sends that request so often and reads
// nothing until no more of it is taken and FILE is there; says `waits` when the
// other side takes no more, at the end how many answers there were.
import fs from 'node:fs';
import net from 'node:net';

const [path, count, request, file] = process.argv.slice(2);
const fields = request.slice(1);
const socket = net.connect(path);
let answers = 0;

socket.pause();
for (let n = 1; n <= count; n++)
	socket.write(`{"id":${n},${fields}\n`);

function read() {
	socket.on('data', (chunk) => {
		answers += chunk.filter((byte) => byte === 10).length;
		if (answers < count)
			return;
		console.log(answers);
		socket.destroy();
	});
	socket.resume();
}

// What is not taken for a while will not be.
let before = -1, waits = false;
const timer = setInterval(() => {
	if (!waits && socket.writableLength === before) {
		waits = true;
		console.log('waits');
	}
	before = socket.writableLength;
	if (!waits || !fs.existsSync(file))
		return;
	clearInterval(timer);
	read();
}, 200);
