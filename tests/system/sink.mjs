// sink.mjs DIR: the receiver of the system tests.  It listens on a free port
// of loopback, which it writes to DIR/port, and appends a line of JSON for each
// request whose body came whole to DIR/requests before it answers.  A request
// for /NAME is answered as DIR/answer/NAME says, 200 if there is none:
//
//   503 [HEADER: VALUE]...   that status, with these headers (one a line)
//   delay MS [STATUS]        that status (200), that much later
//   when FILE [STATUS]       that status (200), as soon as DIR/FILE is there;
//                            it is removed then
//   hang                     never
//   reset                    reads all of the body, then cuts the connection
//   drip MS                  200, a byte each so many ms
//   flood                    200 and 10 MB of body
//   nonsense                 what is no HTTP
//
// Where DIR/bodies exists, each body is kept there, named by its request's
// number.  `node sink.mjs DIR PORT` listens on that port.
import { createHash } from 'node:crypto';
import http from 'node:http';
import fs from 'node:fs';

const [dir, port] = process.argv.slice(2);
const log = fs.openSync(`${dir}/requests`, 'a');
let number = 0;

function rule(name) {
	try {
		return fs.readFileSync(`${dir}/answer/${name}`, 'utf8').trim();
	} catch {
		return '200';
	}
}

function drip(socket, ms) {
	// node does not know of this answer, so no other may follow it
	const text = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n' +
		'Connection: close\r\n\r\nok';
	let at = 0;
	const timer = setInterval(() => {
		if (at < text.length && !socket.destroyed) {
			socket.write(text[at++]);
			return;
		}
		clearInterval(timer);
		socket.end();
	}, ms);
}

function answerWhen(response, name, status) {
	const path = `${dir}/${name}`;
	const look = () => {
		if (!fs.existsSync(path))
			return;
		fs.unwatchFile(path, look);
		response.statusCode = status;
		response.on('finish', () => fs.rmSync(path, { force: true }));
		response.end('now\n');
	};
	fs.watchFile(path, { interval: 20 }, look);
	look();
}

function answer(response, text) {
	const [first, ...headers] = text.split('\n');
	const [word, value, status] = first.split(' ');
	if (word === 'hang')
		return;
	if (word === 'reset') {
		response.socket.resetAndDestroy();
		return;
	}
	if (word === 'nonsense') {
		response.socket.end('220 smtp.example.org ESMTP\r\n');
		return;
	}
	if (word === 'drip') {
		drip(response.socket, Number(value));
		return;
	}
	if (word === 'flood') {
		response.end(Buffer.alloc(10000000, 'x'));
		return;
	}
	if (word === 'when') {
		answerWhen(response, value, Number(status ?? 200));
		return;
	}
	if (word === 'delay') {
		response.statusCode = Number(status ?? 200);
		setTimeout(() => response.end('late\n'), Number(value));
		return;
	}
	response.statusCode = Number(word);
	for (const line of headers) {
		const colon = line.indexOf(':');
		response.setHeader(line.slice(0, colon),
		    line.slice(colon + 1).trim());
	}
	response.end(`${word}\n`);
}

function record(request, hash, bytes, chunks) {
	const n = ++number;
	const entry = { n, at: Date.now(), id: request.headers['webhook-id'],
		method: request.method, path: request.url, bytes,
		sha256: hash.digest('hex'), headers: request.headers };
	if (chunks)
		fs.writeFileSync(`${dir}/bodies/${n}`, Buffer.concat(chunks));
	fs.writeSync(log, `${JSON.stringify(entry)}\n`);
}

const server = http.createServer((request, response) => {
	const chunks = fs.existsSync(`${dir}/bodies`) ? [] : null;
	const hash = createHash('sha256');
	let bytes = 0;
	request.on('data', (chunk) => {
		bytes += chunk.length;
		hash.update(chunk);
		chunks?.push(chunk);
	});
	request.on('end', () => {
		record(request, hash, bytes, chunks);
		answer(response, rule(request.url.slice(1)));
	});
	request.on('error', () => {});
	response.on('error', () => {});
});
server.keepAliveTimeout = 60000;
server.listen(Number(port ?? 0), '127.0.0.1', () => {
	fs.writeFileSync(`${dir}/port.new`, `${server.address().port}\n`);
	fs.renameSync(`${dir}/port.new`, `${dir}/port`);
});
