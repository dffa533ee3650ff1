// upload_s3_server.mjs: an S3 that takes whatever comes and keeps nothing of it
// but names and sizes, so that it limits nobody.
//
// It prints its port.  Signatures are not looked at; what a bucket has, HEAD
// and lists say.  GET /-/objects is what came: {name: bytes}.
import { createHash, randomUUID } from 'node:crypto';
import http from 'node:http';

const objects = new Map();	// key -> {bytes, etag}
const uploads = new Map();	// id -> {key, parts: Map of number -> bytes}

const xml = (name, body) => `<?xml version="1.0" encoding="UTF-8"?>
<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${body}</${name}>`;

// The bytes of a body, as the client counts them, and an ETag that rclone,
// which compares it with the MD5 that it sent, is content with.
async function take(request) {
	let bytes = 0;
	const md5 = request.headers['content-md5'];
	for await (const chunk of request)
		bytes += chunk.length;
	const told = request.headers['x-amz-decoded-content-length'];
	return { bytes: told === undefined ? bytes : Number(told),
		etag: md5 !== undefined ?
			Buffer.from(md5, 'base64').toString('hex') :
			createHash('md5').update(randomUUID()).digest('hex') };
}

const list = () => xml('ListBucketResult', '<IsTruncated>false' +
    '</IsTruncated><MaxKeys>1000</MaxKeys><KeyCount>0</KeyCount>');

const handlers = {
	async PUT({ key, query, request, answer }) {
		const taken = await take(request);
		const id = query.get('uploadId');
		if (id !== null)
			uploads.get(id).parts.set(query.get('partNumber'),
			    taken.bytes);
		else if (request.headers['if-none-match'] === '*' &&
		    objects.has(key)) {
			answer(412);
			return;
		} else if (key !== '')
			objects.set(key, taken);
		answer(200, '', { ETag: `"${taken.etag}"` });
	},
	async POST({ key, query, request, answer }) {
		await take(request);
		if (query.has('uploads')) {
			const id = randomUUID();
			uploads.set(id, { parts: new Map() });
			answer(200, xml('InitiateMultipartUploadResult',
			    `<Key>${key}</Key><UploadId>${id}</UploadId>`));
			return;
		}
		const { parts } = uploads.get(query.get('uploadId'));
		const etag = `${'0'.repeat(32)}-${parts.size}`;
		objects.set(key, { etag, bytes: [...parts.values()]
			.reduce((sum, bytes) => sum + bytes, 0) });
		answer(200, xml('CompleteMultipartUploadResult',
		    `<Key>${key}</Key><ETag>"${etag}"</ETag>`));
	},
	async GET({ path, query, answer }) {
		if (path === '/-/objects')
			answer(200, JSON.stringify(Object.fromEntries(
			    [...objects].map(([key, { bytes }]) =>
				    [key, bytes]))));
		else if (query.has('location'))
			answer(200, xml('LocationConstraint', ''));
		else
			answer(200, list());
	},
	async HEAD({ key, answer }) {
		const object = objects.get(key);
		if (key !== '' && object === undefined)
			answer(404);
		else
			answer(200, '', object && { ETag: `"${object.etag}"`,
				'Last-Modified': new Date().toUTCString(),
				'Content-Length': object.bytes });
	},
	async DELETE({ answer }) {
		answer(204);
	},
};

const server = http.createServer((request, response) => {
	const url = new URL(request.url, 'http://localhost');
	const answer = (status, body = '', headers = {}) => {
		response.writeHead(status, { 'Content-Length':
			Buffer.byteLength(body), ...headers });
		response.end(body);
	};
	handlers[request.method]({ path: url.pathname, request, answer,
		key: url.pathname.split('/').slice(2).join('/'),
		query: url.searchParams }).catch(() => response.destroy());
});
server.keepAliveTimeout = 60000;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
