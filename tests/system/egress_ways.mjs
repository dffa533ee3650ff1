// egress_ways.mjs - the other side of the ways to write a forbidden address
//
//   listen DIR     Listens on one port of all addresses, which it writes to
//                  DIR/port.  192.0.2.10 is allowed: it redirects each request
//                  for /redirect/N to line N of DIR/redirects, and as a proxy
//                  goes nowhere.  What comes to any other address, and what the
//                  proxy is asked for, is a line in DIR/reached.  On port 53 of
//                  127.0.0.1 it answers for *.ways.example and some names of
//                  clouds.
//   write PORT KEY TABLE
//                  A destination for each line of the table, as JSON, a line
//                  each: w001 and so on, in their order.  KEY is a PEM file.
import dgram from 'node:dgram';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';

const ALLOWED = '192.0.2.10';
const [what, ...words] = process.argv.slice(2);

// --- names ------------------------------------------------------------------

const A = 1, CNAME = 5, AAAA = 28;
const ipv4 = (text) => [A, Buffer.from(text.split('.').map(Number))];
const ipv6 = (...words) => [AAAA, Buffer.from(words.flatMap((word) =>
	[word >> 8, word & 255]))];
const alias = (name) => [CNAME, labels(name), name];
const many = [...Array(30).keys()].map((n) => ipv4(`198.51.100.${n + 1}`));
const rebinds = (first, then) => {
	let asked = 0;
	return (type) => type === A && asked++ === 0 ? first : then;
};
const loop = [ipv4('127.0.0.1'), ipv6(0, 0, 0, 0, 0, 0, 0, 1)];
const zone = {
	loop, upper: loop,
	six: [ipv6(0, 0, 0, 0, 0, 0, 0, 1)],
	mapped: [ipv6(0, 0, 0, 0, 0, 0xffff, 0x7f00, 1)],
	zero: [ipv4('0.0.0.0'), ipv6(0, 0, 0, 0, 0, 0, 0, 0)],
	unspecified: [ipv4('0.1.2.3')],
	link: [ipv4('169.254.169.254')],
	own: [ipv4('10.9.8.7')],
	nat64: [ipv6(0x64, 0xff9b, 0, 0, 0, 0, 0x7f00, 1)],
	sixtofour: [ipv6(0x2002, 0x7f00, 1, 0, 0, 0, 0, 1)],
	many: [...many, ipv4('127.0.0.1')],
	big: [...many.slice(0, 20), ...many.slice(0, 20).map(() =>
		ipv4('127.0.0.1'))],
	mixed: [ipv4('198.51.100.1'), ipv4('127.0.0.1')],
	chain: [alias('loop.ways.example'), ...loop],
	deep: [alias('chain.ways.example'), alias('loop.ways.example'),
		...loop],
	rebind: rebinds([ipv4('198.51.100.1')], loop),
	flip: rebinds(loop, [ipv4('10.9.8.7')]),
};

function labels(name) {
	return Buffer.concat([...name.split('.').map((label) =>
		Buffer.concat([Buffer.from([label.length]),
			Buffer.from(label)])), Buffer.from([0])]);
}

// The records of a name: of its last label before ways.example, or a cloud's.
function records(name, type) {
	const of = /(?:^|\.)(\w+)\.ways\.example$/.exec(name);
	const found = of ? zone[of[1]] :
		/^(metadata|metadata\.google\.internal|instance-data)$/
			.test(name) ? zone.link : undefined;
	const all = typeof found === 'function' ? found(type) : found ?? [];
	return all.filter(([t]) => t === type || t === CNAME);
}

function answer(question) {
	const names = [];
	let at = 12;
	for (; question[at] !== 0; at += question[at] + 1)
		names.push(question.toString('latin1', at + 1,
			at + 1 + question[at]));
	const asked = question.subarray(12, at + 5);
	const found = records(names.join('.').toLowerCase(),
		question.readUInt16BE(at + 1));
	let owner = Buffer.from([0xc0, 12]);	// the name that was asked for
	const header = Buffer.from([question[0], question[1], 0x85, 0x80, 0, 1,
		0, found.length, 0, 0, 0, 0]);
	return Buffer.concat([header, asked, ...found.flatMap(([type, data,
		other]) => {
		const whole = [owner, Buffer.from([0, type, 0, 1, 0, 0, 0, 0,
			0, data.length]), data];
		owner = other ? labels(other) : owner;
		return whole;
	})]);
}

// --- listening --------------------------------------------------------------

function listen(dir) {
	const redirects = fs.readFileSync(`${dir}/redirects`, 'utf8')
		.split('\n');
	const reached = (line) =>
		fs.appendFileSync(`${dir}/reached`, `${line}\n`);
	const web = http.createServer((request, response) => {
		const place = /^\/redirect\/(\d+)$/.exec(request.url);
		if (!request.url.startsWith('/'))
			reached(`the proxy was asked for ${request.url}`);
		response.writeHead(place ? 307 : 502, place ?
			{ Location: redirects[Number(place[1])] } : {});
		response.end();
	});
	web.on('connect', (request, socket) => {
		reached(`the proxy was asked for ${request.url}`);
		socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
	});
	net.createServer((socket) => {
		socket.on('error', () => {});
		if (socket.localAddress.endsWith(ALLOWED)) {
			web.emit('connection', socket);
			return;
		}
		reached(`${socket.localAddress} was connected to`);
		socket.destroy();
	}).listen(0, '::', function () {
		const names = dgram.createSocket('udp4');
		names.on('message', (question, from) =>
			names.send(answer(question), from.port, from.address));
		names.bind(53, '127.0.0.1', () => fs.writeFileSync(
			`${dir}/port`, `${this.address().port}\n`));
	});
}

// --- destinations -----------------------------------------------------------

const PIN = `SHA256:${'A'.repeat(43)}`;
const web = (config) => ['webhook', config];
const mail = (config) => ['email', { from: 'a@b.example', subject: 's',
	recipients: ['c@d.example'], ...config }];
const store = (provider, config) => ['storage', { provider, config }];
const account = (url) => JSON.stringify({ type: 'service_account',
	client_email: 'a@b.example', private_key_id: 'k', token_uri: url,
	private_key: fs.readFileSync(words[1], 'utf8') });
const relay = (host, port, more) => mail({ service: 'smtp',
	smtpConfig: { host, port }, ...more });
const ssh = (host, port, more) => ['sftp', { host, port, username: 'u',
	password: 'p', hostKey: PIN, ...more }];

// By the table's first column; the text and the port of the listener.
const kinds = {
	url: (text) => web({ url: text }),
	smtp: (text, port) => relay(text, port),
	sftp: (text, port) => ssh(text, port),
	s3: (text) => store('s3', { endpoint: text, region: 'r', bucket: 'bbb',
		accessKeyId: 'k', secretAccessKey: 's' }),
	azure: (text) => store('azure', { endpoint: text, accountName: 'name',
		container: 'ccc', accountKey: 'AAAA' }),
	token: (text) => store('gcs', { bucket: 'bbb',
		endpoint: 'http://192.0.2.10:1', credentials: account(text) }),
	sendgrid: (text) => mail({ service: 'sendgrid', apiKey: 'k',
		endpoint: text }),
	proxy: (text) => web({ url: 'https://192.0.2.10:1/', proxy: text }),
	'sftp-proxy': (text) => ssh('192.0.2.10', 22, { proxy: text }),
	'smtp-proxy': (text) => relay('192.0.2.10', 25, { proxy: text }),
	target: (text, port) => web({ url: text,
		proxy: `http://${ALLOWED}:${port}` }),
	tunnel: (text, port) => web({ url: text,
		proxy: `http://${ALLOWED}:${port}` }),
	redirect: (text, port, n) => web({
		url: `http://${ALLOWED}:${port}/redirect/${n}` }),
};

function write(port, key, table) {
	fs.readFileSync(table, 'utf8').trim().split('\n').forEach((line, i) => {
		const [kind, written] = line.split('\t');
		const text = JSON.parse(`"${written.replaceAll('\\', '\\\\')
			.replaceAll('\\\\u', '\\u')}"`).replace('PORT', port);
		const [type, config] = kinds[kind](text, Number(port), i);
		const id = `w${String(i + 1).padStart(3, '0')}`;
		console.log(JSON.stringify({ id, label: id, type,
			config: { [type]: { timeout: 3000, ...config } } }));
	});
}

if (what === 'listen')
	listen(...words);
else
	write(...words);
