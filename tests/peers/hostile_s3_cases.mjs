// hostile_s3_cases.mjs - how an object store can misbehave, and what becomes of
// the ticket then: one row each.
//
//   name       of the destination
//   wanted     what spoold-storage(8) says of it: delivered, or deferred or
//              failed with the code; `maybe` if the next attempt is marked
//   parts      with a payload that goes in parts
//   put, head, get, create, part, complete, abort, list
//              what is answered to that operation, or done, instead
//   early      the operation that is answered before its body has come
//   id         of the upload
//   overwrite  of the destination; timeout in ms, for what ends by it
// ms; what sanitizers slow down gets more
const SHORT = process.env.TEST_PATIENCE > 20 ? 5000 : 1500;

const delivered = 'delivered';
const unsure = 'deferred MAY_HAVE_ARRIVED maybe';	// no answer came
const noS3 = 'deferred PROTOCOL_ERROR maybe';		// none that is one
const status = 'deferred HTTP_STATUS';
const refused = 'deferred AUTHENTICATION_FAILED';
const config = 'deferred CONFIG_ERROR';

const TAG = 'ETag: "d41d8cd98f00b204e9800998ecf8427e"\r\n';
const answers = (code, headers, body = '') => `HTTP/1.1 ${code} Words\r\n` +
	`${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const error = (code, name, more = '') => answers(code,
	'Content-Type: application/xml\r\n', '<?xml version="1.0"?>' +
	`<Error><Code>${name}</Code><Message>no</Message>${more}</Error>`);
const page = (code) => answers(code, 'Content-Type: text/html\r\n',
	'<!DOCTYPE html><html><head><title>Log in</title></head>' +
	'<body><h1>Welcome</h1></body></html>');
const laughs = '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">' +
	Array.from({ length: 9 }, (_, n) => `<!ENTITY lol${n + 1} "${
	    `&lol${n || ''};`.repeat(10)}">`).join('') +
	']><Error><Code>&lol9;</Code></Error>';

const silence = () => {};
const closes = (text = '') => (row, socket) => { socket.end(text); };
const cuts = (row, socket) => { socket.resetAndDestroy(); };
const floods = (text, more) => (row, socket) => {
	const pour = () => {
		for (let n = 0; n < 16 && !socket.destroyed; n++)
			if (!socket.write(more))
				return;
		if (!socket.destroyed)
			setImmediate(pour);
	};
	socket.on('drain', pour);
	socket.write(text);
	pour();
};
const drips = (text) => (row, socket) => {
	let at = 0;
	const timer = setInterval(() => {
		if (socket.destroyed)
			clearInterval(timer);
		else
			socket.write(text[at++ % text.length]);
	}, 100);
};
const LONG = 'x'.repeat(65536);
const OK = 'HTTP/1.1 200 OK\r\n';
const taken = '412 Precondition Failed';

// What can be done instead of an answer.
const misbehaviours = {
	silence: [silence, unsure],
	close: [closes(), unsure],
	cut: [cuts, unsure],
	'close-within': [closes(`${OK}ETag: "d41`), unsure],
	garbage: [closes('\x01\x02\x03 nonsense\r\n\r\n'), noS3],
	'status-endless': [floods('HTTP/1.1 200 ', LONG), noS3],
	'headers-endless': [floods(OK, 'X-Amz-Meta-A: b\r\n'.repeat(1000)), noS3],
	'header-endless': [floods(`${OK}ETag: "`, LONG), noS3],
	drip: [drips(`${OK}X-Filler: ${'x'.repeat(100)}`), unsure],
	page: [page(200), noS3],
	'page-400': [page(400), 'failed HTTP_STATUS'],
	'page-403': [page(403), refused],
	'page-502': [page(502), status],
	'moved-301': [answers(301, 'Location: http://169.254.169.254/latest/\r\n'), status],
	'moved-307': [answers(307, 'Location: http://127.0.0.1:1/elsewhere\r\n'), status],
	'moved-elsewhere': [error(301, 'PermanentRedirect', '<Endpoint>169.254.169.254</Endpoint>'), config],
	'moved-for-now': [error(307, 'TemporaryRedirect', '<Endpoint>127.0.0.1:1</Endpoint>'), config],
	'error-in-200': [error(200, 'InternalError'), status],
	'error-unknown-in-200': [error(200, 'SomethingNew'), status],
	'slow-down-in-200': [error(200, 'SlowDown'), status],
	'laughs-403': [answers(403, '', laughs), refused],
	'laughs-200': [answers(200, TAG, laughs), status],
	'no-content': ['HTTP/1.1 204 No Content\r\n\r\n', noS3],
};

const matrix = Object.entries(misbehaviours).map(([name, [put, wanted]]) => ({
	name: `put-${name}`, wanted, put,
	timeout: name === 'silence' || name === 'drip' ? SHORT : undefined }));
const condition = answers(taken, '');

export const cases = [
	...matrix,
	// what it says of what it has
	{ name: 'put-good', wanted: delivered },
	{ name: 'put-tag-empty', wanted: noS3, put: answers(200, 'ETag: ""\r\n') },
	{ name: 'put-tag-blank', wanted: noS3, put: answers(200, 'ETag:\r\n') },
	{ name: 'put-tag-huge', wanted: noS3, put: answers(200, `ETag: "${'x'.repeat(30000)}"\r\n`) },
	{ name: 'put-tag-odd', wanted: delivered, put: answers(200, 'ETag: W/<&>\r\n') },
	{ name: 'put-sum-right', wanted: delivered, put: answers(200, `${TAG}x-amz-checksum-sha256: K/0U9D0X/HzqJOCReoh5tLL4gLi67sG52Q+6rWVecb0=\r\n`) },
	{ name: 'put-sum-wrong', wanted: noS3, put: answers(200, `${TAG}x-amz-checksum-sha256: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\r\n`) },
	{ name: 'put-body-endless', wanted: delivered, put: floods(`${OK}${TAG}\r\n`, LONG) },
	{ name: 'put-body-cut', wanted: delivered, put: closes(`${OK}${TAG}Content-Length: 10\r\n\r\nabc`) },
	{ name: 'put-body-endless-403', wanted: refused, put: floods(`HTTP/1.1 403 No\r\n\r\n<Error>`, LONG) },
	{ name: 'put-error-cut', wanted: refused, put: closes('HTTP/1.1 403 No\r\nContent-Length: 999\r\n\r\n<Error><Code>NoSuchBuc') },
	{ name: 'put-error-nul', wanted: refused, put: answers(403, '', '<Error>\0<Code>NoSuchBucket</Code>') },
	{ name: 'put-error-deep', wanted: refused, put: answers(403, '', '<Error>'.repeat(9000)) },
	{ name: 'put-error-long', wanted: refused, put: error(403, 'X'.repeat(60000)) },
	{ name: 'put-error-control', wanted: refused, put: error(403, '\x1b[31mred\r\n') },
	{ name: 'put-later-in-9999', wanted: status, put: answers(503, 'Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n') },
	{ name: 'put-early', wanted: delivered, early: 'put' },
	// what has the key already
	{ name: 'head-free-after-all', wanted: 'deferred UNAVAILABLE', put: condition },
	{ name: 'head-page', wanted: noS3, put: condition, head: answers(200, 'Content-Type: text/html\r\n') },
	{ name: 'head-length-huge', wanted: noS3, put: condition, head: `${OK}Content-Length: ${'9'.repeat(19)}\r\n\r\n` },
	{ name: 'head-garbage', wanted: noS3, put: condition, head: closes('nonsense\r\n\r\n') },
	{ name: 'head-silence', wanted: unsure, timeout: SHORT, put: condition, head: silence },
	{ name: 'head-close', wanted: unsure, put: condition, head: closes() },
	{ name: 'head-403-get-page', wanted: noS3, put: condition, head: answers(403, ''), get: page(200) },
	{ name: 'head-403-get-silence', wanted: unsure, timeout: SHORT, put: condition, head: answers(403, ''), get: silence },
	{ name: 'head-403-get-endless', wanted: noS3, put: condition, head: answers(403, ''), get: floods(`${OK}\r\n`, LONG) },
	{ name: 'no-conditions', wanted: delivered, put: (row) => row.times.put === 1 ? answers(501, '') : answers(200, TAG) },
	{ name: 'no-conditions-for-ever', wanted: status, put: answers(501, '') },
	// parts
	...[
		['good', delivered, {}],
		['create-silence', 'deferred TIMEOUT', { create: silence }],
		['create-page', noS3, { create: page(200) }],
		['create-id-empty', noS3, { create: answers(200, '', '<UploadId></UploadId>') }],
		['create-id-huge', noS3, { create: answers(200, '', `<UploadId>${'x'.repeat(30000)}</UploadId>`) }],
		['create-id-odd', delivered, { id: '../?x=y&z=/%2e#+' }],
		['part-page', noS3, { part: page(200) }],
		['part-tag-none', noS3, { part: answers(200, '') }],
		['part-tag-odd', noS3, { part: answers(200, 'ETag: "</ETag><Part>"\r\n') }],
		['part-gone', noS3, { part: error(404, 'NoSuchUpload') }],
		['complete-page', noS3, { complete: page(200) }],
		['complete-empty', noS3, { complete: answers(200, '') }],
		['complete-blanks-then-error', status, { complete: answers(200, '', `${' \n'.repeat(100)}<Error><Code>InternalError</Code></Error>`) }],
		['complete-close', unsure, { complete: closes() }],
		['complete-412', 'deferred UNAVAILABLE', { complete: answers(412, '') }],
		['abort-silence', noS3, { timeout: 3000, part: answers(200, ''), abort: silence }],
	].map(([name, wanted, row]) => ({ name: `parts-${name}`, wanted,
		parts: true, timeout: name === 'create-silence' ? SHORT : 60000, ...row })),
];
