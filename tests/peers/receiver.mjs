// receiver.mjs DIR: a receiver that takes what all judges say is signed by one
// of the secrets in DIR/secrets (one a line, read at each request), or, for
// /NAME, in DIR/secrets.NAME if that is there, and answers 401 to everything
// else.  It listens on a free port of loopback, which it writes to DIR/port,
// and appends a line to DIR/requests for each: path, status, id, and what
// signed it.
import fs from 'node:fs';
import http from 'node:http';
import { judge, judges } from './judges.mjs';

const [dir] = process.argv.slice(2);

function known(path) {
	const own = `${dir}/secrets.${path.slice(1)}`;
	return fs.readFileSync(fs.existsSync(own) ? own : `${dir}/secrets`,
		'utf8').split('\n').filter((secret) => secret !== '');
}

function accepts(path, body, headers) {
	return known(path).some((secret) => Object.values(judges(secret))
		.every((one) => judge(one, body, headers) === 'ok'));
}

const server = http.createServer((request, response) => {
	const chunks = [];
	request.on('data', (chunk) => chunks.push(chunk));
	request.on('end', () => {
		const body = Buffer.concat(chunks).toString();
		response.statusCode = accepts(request.url, body,
			request.headers) ? 200 : 401;
		const signature = request.headers['webhook-signature'] ?? '';
		fs.appendFileSync(`${dir}/requests`, `${JSON.stringify({
			method: request.method, path: request.url,
			id: request.headers['webhook-id'],
			status: response.statusCode, body,
			signatures: signature.split(' ').length })}\n`);
		response.end();
	});
});
server.listen(0, '127.0.0.1', () => {
	fs.writeFileSync(`${dir}/port.new`, `${server.address().port}\n`);
	fs.renameSync(`${dir}/port.new`, `${dir}/port`);
});
