// tls_sink.mjs DIR CERTIFICATE KEY - an HTTPS server that takes whatever comes
//
// It asks for a client's certificate and is content without one.  Whoever asks
// for a token is given the one in DIR/token, /hang is never answered.  Writes its port to DIR/port and a
// line of JSON for each request to DIR/requests: method, path, and whether the
// client showed a certificate.
import fs from 'node:fs';
import https from 'node:https';

const [dir, certificate, key] = process.argv.slice(2);
const server = https.createServer({
	cert: fs.readFileSync(certificate), key: fs.readFileSync(key),
	requestCert: true, rejectUnauthorized: false,
}, (request, response) => {
	const token = request.url === '/token';

	request.resume();
	request.on('end', () => {
		fs.appendFileSync(`${dir}/requests`, `${JSON.stringify({
			method: request.method, path: request.url,
			certificate: request.socket.getPeerCertificate()
			.subject !== undefined })}\n`);
		if (request.url === '/hang')
			return;
		response.writeHead(token ? 200 : 202,
		    { 'Content-Type': 'application/json' });
		response.end(token ? JSON.stringify({ access_token:
		    fs.readFileSync(`${dir}/token`, 'utf8').trim(),
		    expires_in: 3600, token_type: 'Bearer' }) : '{}');
	});
});
server.listen(0, '127.0.0.1', () => {
	fs.writeFileSync(`${dir}/port.new`, `${server.address().port}\n`);
	fs.renameSync(`${dir}/port.new`, `${dir}/port`);
});
