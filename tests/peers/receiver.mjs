// receiver.mjs DIR: a receiver that takes what the reference library of
// Standard Webhooks verifies under one of the secrets in DIR/secrets (one a
// line, read at each request), and answers 401 to everything else.  It listens
// on a free port of loopback, which it writes to DIR/port, and appends a line
// to DIR/requests for each: path, status, and what signed it.
import fs from 'node:fs';
import http from 'node:http';
import { Webhook } from 'standardwebhooks';

const [dir] = process.argv.slice(2);

function accepts(body, headers) {
	const secrets = fs.readFileSync(`${dir}/secrets`, 'utf8')
		.split('\n').filter((secret) => secret !== '');
	return secrets.some((secret) => {
		try {
			new Webhook(secret).verify(body, headers);
			return true;
		} catch {
			return false;
		}
	});
}

const server = http.createServer((request, response) => {
	const chunks = [];
	request.on('data', (chunk) => chunks.push(chunk));
	request.on('end', () => {
		const body = Buffer.concat(chunks).toString();
		response.statusCode = accepts(body, request.headers) ? 200 : 401;
		const signature = request.headers['webhook-signature'] ?? '';
		fs.appendFileSync(`${dir}/requests`, `${JSON.stringify({
			method: request.method, path: request.url,
			status: response.statusCode, body,
			signatures: signature.split(' ').length })}\n`);
		response.end();
	});
});
server.listen(0, '127.0.0.1', () => {
	fs.writeFileSync(`${dir}/port.new`, `${server.address().port}\n`);
	fs.renameSync(`${dir}/port.new`, `${dir}/port`);
});
