// guard.mjs DIR [KEY CERTIFICATE]: a receiver that lets in whoever shows what
// DIR/known.json says, read as the RFCs say and not as spoold writes it:
// {"token", "user", "password", "header", "key"}.  /bearer, /basic and /key
// each want one of these; any other path is open.  It answers 401 with a
// challenge to the others.  With a key and a certificate it speaks TLS.  It
// listens on a free port of loopback, which it writes to DIR/port, and appends
// a line to DIR/requests for each: path, status, id, headers.
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const [dir, key, certificate] = process.argv.slice(2);
const known = JSON.parse(fs.readFileSync(`${dir}/known.json`, 'utf8'));

// RFC 9110, 11.6.2: the scheme in any case, blanks, then what it carries.
function credentials(request, scheme) {
	const value = request.headers.authorization ?? '';
	const parts = /^([!#-'*+.^`|~\w-]+) +([A-Za-z0-9._~+/-]+=*)$/.exec(value);
	return parts?.[1].toLowerCase() === scheme ? parts[2] : null;
}

const wants = {
	bearer: (request) => credentials(request, 'bearer') === known.token,
	// RFC 7617: up to the first colon it is the user
	basic: (request) => {
		const text = new TextDecoder('utf-8', { fatal: true }).decode(
			Buffer.from(credentials(request, 'basic') ?? '', 'base64'));
		const colon = text.indexOf(':');
		return colon > 0 && text.slice(0, colon) === known.user &&
			text.slice(colon + 1) === known.password;
	},
	key: (request) => request.rawHeaders.filter((name, i) =>
		i % 2 === 0 && name === known.header).length === 1 &&
		request.headers[known.header.toLowerCase()] === known.key,
};

function serve(request, response) {
	const want = wants[request.url.slice(1)];
	request.resume().on('end', () => {
		const good = want === undefined || want(request);
		response.statusCode = good ? 200 : 401;
		if (!good)
			response.setHeader('WWW-Authenticate', 'Basic realm="x"');
		fs.appendFileSync(`${dir}/requests`, `${JSON.stringify({
			path: request.url, status: response.statusCode,
			id: request.headers['webhook-id'],
			headers: request.headers })}\n`);
		response.end();
	});
}

const server = key === undefined ? http.createServer(serve) :
	https.createServer({ key: fs.readFileSync(key),
		cert: fs.readFileSync(certificate) }, serve);
server.listen(0, '127.0.0.1', () => {
	fs.writeFileSync(`${dir}/port.new`, `${server.address().port}\n`);
	fs.renameSync(`${dir}/port.new`, `${dir}/port`);
});
