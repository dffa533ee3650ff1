// discard.mjs DIR: receivers that take everything and keep nothing of it
//
// DIR/port has two ports: one of HTTP, which answers as a webhook's receiver and
// as S3, Azure Storage and Google Cloud Storage do, and one of SMTP.  DIR/took has what the last body or message
// had in bytes, in DIR/took.new while it comes.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';

const [dir] = process.argv.slice(2);
const END = Buffer.from('\r\n.\r\n');

function took(bytes, sum) {
	fs.appendFileSync(`${dir}/took`,
		`${bytes}${sum ? ` ${sum.digest('hex')}` : ''}\n`);
}

const sums = () => fs.existsSync(`${dir}/sums`) ? createHash('sha256') : null;

// Counts what comes, and stops where it was told to.
function brake(stream) {
	let left = fs.existsSync(`${dir}/stop`) ?
		Number(fs.readFileSync(`${dir}/stop`)) : Infinity;
	return (chunk) => {
		left -= chunk.length;
		if (left > 0)
			return;
		stream.pause();
		left = Infinity;
		fs.renameSync(`${dir}/stop`, `${dir}/stopped`);
	};
}

let parts = 0;		// bytes of an upload's parts

// --- Azure Storage and Google Cloud Storage ----------------------------------

// Blocks are counted until their list comes.
function azure(query, bytes, sum, response) {
	const step = query.get('comp');
	response.statusCode = 201;
	if (step === 'block')
		parts += bytes;
	else
		took(step === 'blocklist' ? parts : bytes, step ? null : sum);
	if (step === 'blocklist')
		parts = 0;
}

const session = { md5: null, bytes: 0 };

const resource = (md5, size) => JSON.stringify({ generation: '1',
	size: String(size), md5Hash: md5.digest('base64') });

// The second part of multipart/related, which ends before the last boundary.
function content(body) {
	const from = body.indexOf('\r\n\r\n', body.indexOf('\r\n\r\n') + 4) + 4;
	return body.subarray(from, body.lastIndexOf('\r\n--'));
}

function google(request, query, chunks, response) {
	const body = Buffer.concat(chunks);
	const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(
	    request.headers['content-range'] ?? '');
	if (query.get('uploadType') === 'multipart') {
		const bytes = content(body);
		took(bytes.length);
		response.write(resource(createHash('md5').update(bytes),
		    bytes.length));
	} else if (request.method === 'POST') {
		Object.assign(session, { md5: createHash('md5'), bytes: 0 });
		response.setHeader('Location',
		    `http://${request.headers.host}/upload/u?upload_id=u`);
	} else {
		session.md5.update(body);
		session.bytes += body.length;
		if (Number(range[2]) + 1 < Number(range[3])) {
			response.statusCode = 308;
			response.setHeader('Range', `bytes=0-${range[2]}`);
		} else {
			took(session.bytes);
			response.write(resource(session.md5, session.bytes));
		}
	}
}

// --- HTTP, and S3 ------------------------------------------------------------

const xml = {
	create: '<InitiateMultipartUploadResult><UploadId>u</UploadId>' +
	    '</InitiateMultipartUploadResult>',
	complete: '<CompleteMultipartUploadResult><ETag>&quot;t-1&quot;</ETag>' +
	    '</CompleteMultipartUploadResult>',
};
const server = http.createServer((request, response) => {
	const query = new URLSearchParams(request.url.split('?')[1] ?? '');
	const sum = sums(), stop = brake(request);
	const path = request.url.split('?')[0], chunks = [];
	let bytes = 0;
	request.on('data', (chunk) => {
		bytes += chunk.length;
		if (path.startsWith('/upload/'))
			chunks.push(chunk);
		sum?.update(chunk);
		stop(chunk);
	});
	request.on('end', () => {
		response.setHeader('ETag', '"t"');
		if (request.method === 'HEAD') {
			response.statusCode = 404;
		} else if (path.startsWith('/upload/')) {
			google(request, query, chunks, response);
		} else if (request.headers['x-ms-version']) {
			azure(query, bytes, sum, response);
		} else if (query.has('uploads')) {
			parts = 0;
			response.write(xml.create);
		} else if (request.method === 'POST' && query.has('uploadId')) {
			took(parts);
			response.write(xml.complete);
		} else if (query.has('uploadId')) {
			parts += bytes;
		} else {
			took(bytes, sum);
		}
		response.end();
	});
});

// --- SMTP --------------------------------------------------------------------

const replies = { EHLO: '250-discard\r\n250-PIPELINING\r\n250 SIZE 0',
	DATA: '354 go on', QUIT: '221 bye' };

const mail = net.createServer((socket) => {
	const stop = brake(socket);
	let body = false, bytes = 0, rest = Buffer.alloc(0);

	const step = () => {
		const mark = body ? END : END.subarray(0, 2);
		const at = rest.indexOf(mark);
		if (at < 0) {
			// Of a message only what may be the beginning of its end.
			const keep = body ? Math.min(rest.length, 4) : rest.length;
			bytes += body ? rest.length - keep : 0;
			rest = rest.subarray(rest.length - keep);
			return false;
		}
		const verb = rest.toString('latin1', 0, 4).toUpperCase();
		if (body)
			took(bytes + at);
		rest = rest.subarray(at + mark.length);
		socket.write(`${body ? '250 ok' : replies[verb] ?? '250 ok'}\r\n`);
		body = !body && verb === 'DATA';
		bytes = 0;
		return true;
	};
	socket.on('error', () => {});
	socket.on('data', (chunk) => {
		stop(chunk);
		rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
		while (step())
			;
	});
	socket.write('220 discard\r\n');
});

server.listen(0, '127.0.0.1', () => mail.listen(0, '127.0.0.1', () => {
	fs.writeFileSync(`${dir}/port.new`,
	    `${server.address().port} ${mail.address().port}\n`);
	fs.renameSync(`${dir}/port.new`, `${dir}/port`);
}));
