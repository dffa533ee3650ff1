// control.mjs SOCKET [--close]: sends standard input to the control socket as
// it is, and prints what comes back until as many lines have come as were sent,
// or the other side closes; with --close it ends its own side after sending.
import net from 'node:net';
import { readFileSync } from 'node:fs';

const [path, mode] = process.argv.slice(2);
const input = readFileSync(0);
const wanted = input.filter((byte) => byte === 10).length;
const socket = net.connect(path);
let answers = 0;
socket.on('data', (chunk) => {
	process.stdout.write(chunk);
	answers += chunk.filter((byte) => byte === 10).length;
	if (answers >= wanted && mode !== '--close')
		socket.destroy();
});
socket.on('error', (error) => {
	if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET')
		throw error;
});
socket.write(input);
if (mode === '--close')
	socket.end();
