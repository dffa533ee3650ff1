// hostile_cases.mjs - how a receiver can misbehave, and what becomes of the
// ticket then: one row each.
//
//   name     of the destination, and of its path
//   wanted   what spoold-webhook(8) says of it: delivered, or deferred or
//            failed with the code; `maybe` if it is marked as a possible
//            duplicate from then on
//   serve    what is done with a request (at: 'connect', with a connection);
//            null: nobody listens to what is connected
//   timeout  of the destination in ms, for what ends by it
//   wait     how long spoold waits then, at least and at most, in ms
//   tls      spoken over TLS; certificate, options of the server; raw: bytes;
//            asks: what the destination says of TLS
import zlib from 'node:zlib';

const OK = 'HTTP/1.1 200 OK\r\n';
const EMPTY = 'Content-Length: 0\r\n\r\n';
const LONG = 'x'.repeat(64 * 1024);
const HOUR = 3600000;

const delivered = 'delivered';
const unsure = 'deferred MAY_HAVE_ARRIVED maybe';	// no answer came
const noHttp = 'deferred PROTOCOL_ERROR maybe';		// no answer that is one
const status = 'deferred HTTP_STATUS';
const refused = 'deferred AUTHENTICATION_FAILED';
const noTls = 'deferred TLS_FAILURE';

// The bytes, and the end of the connection.
const says = (...parts) => (socket) => socket.end(Buffer.concat(
	parts.map((part) => Buffer.from(part, 'latin1'))));
// The bytes, and nothing more.
const stays = (text) => (socket) => socket.write(text);
const cuts = (text) => (socket) => socket.write(text,
	() => setTimeout(() => socket.resetAndDestroy(), 20));
// The bytes, then others over and over, as fast as they are taken.
const floods = (text, more) => (socket) => {
	const pour = () => {
		while (!socket.destroyed && socket.write(more))
			;
	};
	socket.on('drain', pour);
	socket.write(text);
	pour();
};
// A byte each so many ms; what comes first at once.
const drips = (text, ms, first = '') => (socket) => {
	let at = 0;
	socket.write(first);
	const timer = setInterval(() => {
		if (socket.destroyed || at === text.length)
			clearInterval(timer);
		else
			socket.write(text[at++]);
	}, ms);
};
const redirects = (code, location) => says(`HTTP/1.1 ${code} Moved\r\n` +
	(location === undefined ? '' : `Location: ${location}\r\n`) + EMPTY);
const asks = (code, ...waits) => says(`HTTP/1.1 ${code} Later\r\n` +
	waits.map((wait) => `Retry-After: ${wait}\r\n`).join('') + EMPTY);
const bomb = zlib.gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 });
const alert = (code) => Buffer.from([21, 3, 3, 0, 2, 2, code]);

const soon = `${HOUR - 1000} ${HOUR}`;	// as without Retry-After
const day = `${24 * HOUR - 1000} ${24 * HOUR}`;

export const cases = [
	// status lines
	{ name: 'http09', wanted: noHttp, serve: says('hello\n') },
	{ name: 'nothing-but-blanks', wanted: noHttp, serve: says('\r\n\r\n\r\n') },
	{ name: 'no-code', wanted: noHttp, serve: says('HTTP/1.1\r\n', EMPTY) },
	{ name: 'code-of-letters', wanted: noHttp, serve: says('HTTP/1.1 abc OK\r\n', EMPTY) },
	{ name: 'code-negative', wanted: noHttp, serve: says('HTTP/1.1 -200 OK\r\n', EMPTY) },
	{ name: 'code-short', wanted: noHttp, serve: says('HTTP/1.1 20 OK\r\n', EMPTY) },
	{ name: 'code-long', wanted: noHttp, serve: says('HTTP/1.1 2000 OK\r\n', EMPTY) },
	{ name: 'code-huge', wanted: noHttp, serve: says('HTTP/1.1 99999999999999999999 OK\r\n', EMPTY) },
	{ name: 'code-000', wanted: noHttp, serve: says('HTTP/1.1 000 OK\r\n', EMPTY) },
	{ name: 'code-600', wanted: noHttp, serve: says('HTTP/1.1 600 OK\r\n', EMPTY) },
	{ name: 'code-999', wanted: noHttp, serve: says('HTTP/1.1 999 OK\r\n', EMPTY) },
	{ name: 'version-9', wanted: noHttp, serve: says('HTTP/9.9 200 OK\r\n', EMPTY) },
	{ name: 'version-2-in-clear', wanted: delivered, serve: says('HTTP/2 200 OK\r\n', EMPTY) },
	{ name: 'other-protocol', wanted: noHttp, serve: says('SSH-2.0-OpenSSH_9.2\r\n') },
	{ name: 'icy', wanted: noHttp, serve: says('ICY 200 OK\r\n', EMPTY) },
	{ name: 'no-words', wanted: delivered, serve: says('HTTP/1.1 200\r\n', EMPTY) },
	{ name: 'bare-newlines', wanted: delivered, serve: says('HTTP/1.1 200 OK\nContent-Length: 0\n\n') },
	{ name: 'version-1-0', wanted: delivered, serve: says('HTTP/1.0 200 OK\r\n\r\n') },
	{ name: 'status-endless', wanted: noHttp, serve: floods('HTTP/1.1 200 ', LONG) },
	// headers
	{ name: 'headers-endless', wanted: noHttp, serve: floods(OK, 'X-Filler: and so on\r\n'.repeat(100)) },
	{ name: 'header-endless', wanted: noHttp, serve: floods(`${OK}X-Filler: `, LONG) },
	{ name: 'headers-10000', wanted: noHttp, serve: says(OK, 'A: b\r\n'.repeat(10000).replace(/A/g, 'Name-A'), EMPTY) },
	{ name: 'header-folded', wanted: delivered, serve: says(OK, 'X-Long: a\r\n b\r\n\tc\r\n', EMPTY) },
	{ name: 'header-nul', wanted: noHttp, serve: says(OK, 'X-Nul: a\0b\r\n', EMPTY) },
	{ name: 'header-no-colon', wanted: noHttp, serve: says(OK, 'nonsense\r\n', EMPTY) },
	{ name: 'header-no-name', wanted: delivered, serve: says(OK, ': x\r\n', EMPTY) },
	// the end comes early
	{ name: 'close-at-once', wanted: unsure, at: 'connect', serve: (socket) => socket.end() },
	{ name: 'close-before', wanted: unsure, serve: says('') },
	{ name: 'close-in-status', wanted: unsure, serve: says('HTTP/1.1 20') },
	{ name: 'close-in-headers', wanted: unsure, serve: says(OK, 'Content-Le') },
	{ name: 'close-in-body', wanted: delivered, serve: says(OK, 'Content-Length: 10\r\n\r\nabc') },
	{ name: 'cut-before', wanted: unsure, serve: (socket) => socket.resetAndDestroy() },
	{ name: 'cut-in-status', wanted: unsure, serve: cuts('HTTP/1.1 20') },
	{ name: 'cut-in-headers', wanted: unsure, serve: cuts(`${OK}Content-Le`) },
	{ name: 'cut-in-body', wanted: delivered, serve: cuts(`${OK}Content-Length: 10\r\n\r\nabc`) },
	// 1xx
	{ name: 'continue-endless', wanted: noHttp, serve: floods('', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)) },
	{ name: 'hints-endless', wanted: noHttp, serve: floods('', 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(100)) },
	{ name: 'hints-then-ok', wanted: delivered, serve: says('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n', OK, EMPTY) },
	{ name: 'continue-alone', wanted: unsure, timeout: 700, serve: stays('HTTP/1.1 100 Continue\r\n\r\n') },
	{ name: 'switches', wanted: unsure, serve: says('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n') },
	{ name: 'switches-to-h2c', wanted: unsure, timeout: 700, serve: stays('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n\0\0\0\x04\0\0\0\0\0') },
	// lengths
	{ name: 'length-too-long', wanted: delivered, timeout: 700, serve: stays(`${OK}Content-Length: 1000\r\n\r\nabc`) },
	{ name: 'length-too-short', wanted: delivered, serve: says(OK, 'Content-Length: 1\r\n\r\nabcdef') },
	{ name: 'lengths-differ', wanted: delivered, serve: says(OK, 'Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd') },
	{ name: 'length-negative', wanted: noHttp, serve: says(OK, 'Content-Length: -1\r\n\r\nabc') },
	{ name: 'length-overflows', wanted: delivered, serve: says(OK, 'Content-Length: 99999999999999999999\r\n\r\nabc') },
	{ name: 'length-plus', wanted: delivered, serve: says(OK, 'Content-Length: +5\r\n\r\nabcde') },
	{ name: 'length-and-chunks', wanted: delivered, serve: says(OK, 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n') },
	// chunks
	...[
		['bad-size', 'xyz\r\nabc\r\n'],
		['huge-size', 'FFFFFFFFFFFFFFFFF\r\nabc\r\n'],
		['large-size', '7FFFFFFFFFFFFFFF\r\nabc'],
		['negative-size', '-3\r\nabc\r\n'],
		['no-trailer', '3\r\nabc\r\n0\r\n'],
	].map(([name, body]) => ({ name: `chunk-${name}`, wanted: delivered, serve: says(OK, 'Transfer-Encoding: chunked\r\n\r\n', body) })),
	{ name: 'chunk-extension-endless', wanted: delivered, serve: floods(`${OK}Transfer-Encoding: chunked\r\n\r\n3;`, LONG) },
	{ name: 'chunk-trailers-endless', wanted: delivered, serve: floods(`${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n`, 'X-Trailer: and so on\r\n'.repeat(100)) },
	{ name: 'chunks-endless', wanted: delivered, serve: floods(`${OK}Transfer-Encoding: chunked\r\n\r\n`, '1\r\nx\r\n'.repeat(1000)) },
	{ name: 'coding-unknown', wanted: delivered, serve: says(OK, 'Transfer-Encoding: lzma\r\n\r\nabc') },
	// slow, silent
	{ name: 'slow-status', wanted: unsure, timeout: 1500, serve: drips(`${OK}${EMPTY}`, 1000) },
	{ name: 'slow-headers', wanted: unsure, timeout: 800, serve: drips(`${OK}X-Filler: ${LONG}`, 100) },
	{ name: 'slow-body', wanted: delivered, timeout: 2000, serve: drips(LONG, 50, `${OK}Content-Length: 1000\r\n\r\n`) },
	{ name: 'silent', wanted: unsure, timeout: 700, serve: stays('') },
	{ name: 'deaf', wanted: 'deferred CONNECT_FAILURE', timeout: 700, serve: null },
	{ name: 'answers-first', wanted: delivered, at: 'connect', serve: (socket) => { socket.resume(); socket.write(`${OK}${EMPTY}`); } },
	{ name: 'refuses-first', wanted: 'deferred HTTP_STATUS', at: 'connect', serve: (socket) => { socket.resume(); socket.write(`HTTP/1.1 500 No\r\n${EMPTY}`); } },
	// large
	{ name: 'body-huge', wanted: delivered, serve: floods(`${OK}Content-Length: 9000000000\r\n\r\n`, LONG) },
	{ name: 'body-huge-500', wanted: status, serve: floods('HTTP/1.1 500 No\r\nContent-Length: 9000000000\r\n\r\n', LONG) },
	{ name: 'body-endless', wanted: delivered, serve: floods(`${OK}\r\n`, LONG) },
	{ name: 'gzip-bomb', wanted: delivered, serve: says(OK, `Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`, bomb.toString('latin1')) },
	{ name: 'gzip-bomb-500', wanted: status, serve: says('HTTP/1.1 500 No\r\n', `Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`, bomb.toString('latin1')) },
	{ name: 'coding-garbage', wanted: delivered, serve: says(OK, 'Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone') },
	// elsewhere
	{ name: 'moved-301', wanted: status, serve: redirects(301, 'http://169.254.169.254/latest/meta-data/') },
	{ name: 'moved-302', wanted: status, serve: redirects(302, 'file:///etc/passwd') },
	{ name: 'moved-303', wanted: status, serve: redirects(303, '/moved-303') },
	{ name: 'moved-307', wanted: status, serve: redirects(307, '/moved-307') },
	{ name: 'moved-308', wanted: status, serve: redirects(308, 'gopher://127.0.0.1:1/x') },
	{ name: 'moved-nowhere', wanted: status, serve: redirects(302) },
	{ name: 'moved-refresh', wanted: delivered, serve: says(OK, 'Refresh: 0; url=file:///etc/passwd\r\n', EMPTY) },
	// statuses that are something else than they look
	{ name: 'no-content-with-body', wanted: delivered, serve: says('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello') },
	{ name: 'reset-content', wanted: delivered, serve: says('HTTP/1.1 205 Reset\r\n', EMPTY) },
	{ name: 'not-modified', wanted: status, serve: says('HTTP/1.1 304 Not Modified\r\n\r\n') },
	{ name: 'unauthorized', wanted: refused, serve: says('HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="x", nonce="y"\r\nWWW-Authenticate: Negotiate\r\n', EMPTY) },
	{ name: 'unauthorized-endless', wanted: noHttp, serve: floods('HTTP/1.1 401 No\r\n', 'WWW-Authenticate: Basic realm="x"\r\n'.repeat(100)) },
	{ name: 'proxy-unauthorized', wanted: status, serve: says('HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="x"\r\n', EMPTY) },
	{ name: 'request-timeout', wanted: status, serve: says('HTTP/1.1 408 Late\r\nConnection: close\r\n', EMPTY) },
	{ name: 'misdirected', wanted: status, serve: says('HTTP/1.1 421 Elsewhere\r\n', EMPTY) },
	{ name: 'upgrade-required', wanted: status, serve: says('HTTP/1.1 426 Upgrade\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n', EMPTY) },
	{ name: 'wrong-request', wanted: 'failed HTTP_STATUS', serve: says('HTTP/1.1 400 No\r\n', EMPTY) },
	{ name: 'cookies', wanted: delivered, serve: (socket) => socket.write(`${OK}Set-Cookie: a=b; Domain=127.0.0.1; Path=/\r\n${EMPTY}`) },
	// waits
	{ name: 'later-negative', wanted: status, wait: soon, serve: asks(503, '-5') },
	{ name: 'later-huge', wanted: status, wait: day, serve: asks(503, `1${'0'.repeat(30)}`) },
	{ name: 'later-in-the-past', wanted: status, wait: soon, serve: asks(429, 'Thu, 01 Jan 1970 00:00:00 GMT') },
	{ name: 'later-in-9999', wanted: status, wait: day, serve: asks(503, 'Fri, 31 Dec 9999 23:59:59 GMT') },
	{ name: 'later-garbage', wanted: status, wait: soon, serve: asks(503, 'when it is ready') },
	{ name: 'later-fraction', wanted: status, wait: soon, serve: asks(503, '7.5e9') },
	{ name: 'later-twice', wanted: status, wait: day, serve: asks(503, '1', '99999999') },
	{ name: 'later-long', wanted: status, wait: soon, serve: asks(503, ' 1'.repeat(1000)) },
	{ name: 'later-when-done', wanted: delivered, serve: asks(200, '99999999') },
	// TLS
	{ name: 'tls-good', wanted: delivered, tls: {}, serve: says(OK, EMPTY) },
	{ name: 'tls-plain-text', wanted: noTls, tls: { raw: true }, at: 'connect', serve: says('HTTP/1.1 400 No\r\n', EMPTY) },
	{ name: 'tls-alert-at-once', wanted: noTls, tls: { raw: true }, at: 'connect', serve: (socket) => socket.end(alert(40)) },
	{ name: 'tls-alert-after-hello', wanted: noTls, tls: { raw: true }, at: 'connect', serve: (socket) => socket.once('data', () => socket.end(alert(80))) },
	{ name: 'tls-warning-endless', wanted: noTls, tls: { raw: true }, at: 'connect', serve: floods('', Buffer.concat(Array(1000).fill(Buffer.from([21, 3, 3, 0, 2, 1, 90])))) },
	{ name: 'tls-garbage', wanted: noTls, tls: { raw: true }, at: 'connect', serve: floods('', Buffer.alloc(65536, 0x5a)) },
	{ name: 'tls-record-huge', wanted: noTls, tls: { raw: true }, at: 'connect', serve: floods(Buffer.from([22, 3, 3, 255, 255]), Buffer.alloc(65536)) },
	{ name: 'tls-close-at-once', wanted: noTls, tls: { raw: true }, at: 'connect', serve: (socket) => socket.end() },
	{ name: 'tls-cut-after-hello', wanted: noTls, tls: { raw: true }, at: 'connect', serve: (socket) => socket.once('data', () => socket.resetAndDestroy()) },
	{ name: 'tls-silent', wanted: 'deferred TIMEOUT', timeout: 700, tls: { raw: true }, at: 'connect', serve: () => {} },
	{ name: 'tls-expired', wanted: noTls, tls: { certificate: 'expired' }, serve: says(OK, EMPTY) },
	{ name: 'tls-wrong-host', wanted: noTls, tls: { certificate: 'elsewhere' }, serve: says(OK, EMPTY) },
	{ name: 'tls-self-signed', wanted: noTls, tls: { certificate: 'self' }, serve: says(OK, EMPTY) },
	{ name: 'tls-chain-huge', wanted: noTls, tls: { certificate: 'chain' }, serve: says(OK, EMPTY) },
	{ name: 'tls-1-0', wanted: noTls, tls: { server: { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' } }, serve: says(OK, EMPTY) },
	{ name: 'tls-1-2', wanted: delivered, tls: { server: { maxVersion: 'TLSv1.2' } }, serve: says(OK, EMPTY) },
	{ name: 'tls-1-2-where-1-3-is-asked', wanted: noTls, tls: { asks: { minimum: '1.3' }, server: { maxVersion: 'TLSv1.2' } }, serve: says(OK, EMPTY) },
	{ name: 'tls-1-1', wanted: noTls, tls: { server: { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } }, serve: says(OK, EMPTY) },
	{ name: 'tls-client-unknown', wanted: unsure, tls: { server: { requestCert: true, rejectUnauthorized: true } }, serve: says(OK, EMPTY) },
	{ name: 'tls-h2-only', wanted: noTls, tls: { server: { ALPNProtocols: ['h2'] } }, serve: says(OK, EMPTY) },
	{ name: 'tls-h2-preface', wanted: noHttp, tls: {}, serve: says('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') },
	{ name: 'tls-h2-frames', wanted: noHttp, tls: {}, serve: says('\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64', '\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x01') },
	{ name: 'tls-renegotiates', wanted: delivered, tls: { server: { maxVersion: 'TLSv1.2' } }, serve: (socket) => socket.renegotiate({}, () => socket.end(`${OK}${EMPTY}`)) },
	{ name: 'tls-no-notify-after', wanted: delivered, tls: {}, serve: (socket) => socket.write(`${OK}Content-Length: 2\r\n\r\nok`, () => setTimeout(() => socket._parent?.destroy?.() ?? socket.destroy(), 20)) },
	{ name: 'tls-no-notify-in-body', wanted: delivered, tls: {}, serve: (socket) => socket.write(`${OK}\r\nok`, () => setTimeout(() => socket.destroy(), 20)) },
	{ name: 'tls-no-notify-before', wanted: unsure, tls: {}, serve: (socket) => socket.destroy() },
	{ name: 'tls-cut-in-status', wanted: unsure, tls: {}, serve: (socket) => socket.write('HTTP/1.1 20', () => setTimeout(() => socket.destroy(), 20)) },
	{ name: 'tls-headers-endless', wanted: noHttp, tls: {}, serve: floods(OK, 'X-Filler: and so on\r\n'.repeat(100)) },
];
