// hostile_smtp_cases.mjs - how a mail server can misbehave, and what becomes of
// the ticket then: one row each.
//
//   name        of the destination
//   wanted      what spoold-email(8) says of it: delivered, or deferred or
//               failed with the code; `maybe` if the next attempt is marked
//               as a possible duplicate
//   tls         starttls, smtps, or raw: what only claims to speak it
//   auth        what a login is made with
//   login       what is said to the lines after AUTH, one after the other
//   steps       what is said or done instead of what is usual
//   recipients  where one is not enough
//   timeout     of the destination in ms, for what ends by it
import { randomBytes } from 'node:crypto';

// ms; what sanitizers slow down gets more
const SHORT = process.env.TEST_PATIENCE > 20 ? 5000 : 1500;
const MIB = 1024 * 1024;

const delivered = 'delivered';
const unsure = 'deferred MAY_HAVE_ARRIVED maybe';	// no answer came
const noSmtp = 'deferred PROTOCOL_ERROR maybe';		// none that is one
const ended = 'deferred CONNECT_FAILURE';
const silent = 'deferred TIMEOUT';
const noTls = 'deferred TLS_FAILURE';
const refused = 'deferred REMOTE_REJECTED';
const noLogin = 'deferred AUTHENTICATION_FAILED';

const says = (text) => (socket) => { socket.write(text, 'latin1'); };
const closes = (text = '') => (socket) => { socket.end(text, 'latin1'); };
const cuts = (socket) => { socket.destroy(); };
// The text, then more over and over, as fast as it is taken.
const floods = (text, more) => (socket) => {
	const piece = typeof more === 'function' ? more : () => more;
	const pour = () => {
		for (let n = 0; n < 16 && !socket.destroyed; n++)
			if (!socket.write(piece()))
				return;
		if (!socket.destroyed)
			setImmediate(pour);
	};
	socket.on('drain', pour);
	socket.write(text);
	pour();
};
// A byte each 100 ms, over and over.
const drips = (text) => (socket) => {
	let at = 0;
	const timer = setInterval(() => {
		if (socket.destroyed)
			clearInterval(timer);
		else
			socket.write(text[at++ % text.length]);
	}, 100);
};

// What can be done instead of a reply: what becomes of it, at a step that
// libcurl is at, at one that spoold is at, and after the message.
const misbehaviours = {
	silence: [() => {}, silent, silent, unsure],
	close: [closes(), ended, ended, unsure],
	cut: [cuts, ended, ended, unsure],
	'close-within': [closes('25'), ended, ended, unsure],
	'close-between': [closes('250-more\r\n'), ended, ended, unsure],
	word: [says('hello\r\n'), silent, noSmtp, noSmtp],
	empty: [says('\r\n'), silent, noSmtp, noSmtp],
	'bare-newline-words': [says('hello\n'), silent, noSmtp, noSmtp],
	http: [says('HTTP/1.1 200 OK\r\n\r\n'), silent, noSmtp, noSmtp],
	nul: [says('\x00250 ok\r\n'), silent, noSmtp, noSmtp],
	'code-000': [says('000 ok\r\n'), silent, noSmtp, noSmtp],
	'code-150': [says('150 ok\r\n'), noSmtp, noSmtp, noSmtp],
	'code-999': [says('999 ok\r\n'), noSmtp, noSmtp, noSmtp],
	'code-2500': [says('2500 ok\r\n'), silent, noSmtp, noSmtp],
	'code-huge': [says(`25${'0'.repeat(40)} ok\r\n`), silent, noSmtp, noSmtp],
	'code-short': [says('25 ok\r\n'), silent, noSmtp, noSmtp],
	'code-negative': [says('-250 ok\r\n'), silent, noSmtp, noSmtp],
	binary: [floods('', () => randomBytes(4096)), noSmtp, noSmtp, noSmtp],
	'line-endless': [floods('250 ', 'x'.repeat(65536)), ended, noSmtp, noSmtp],
	'lines-endless': [floods('', '250-and so on\r\n'.repeat(1000)), noSmtp, noSmtp, noSmtp],
	'words-endless': [floods('', 'hello\r\n'.repeat(1000)), noSmtp, noSmtp, noSmtp],
	'nuls-endless': [floods('', Buffer.alloc(65536)), ended, noSmtp, noSmtp],
	drip: [drips('250-and so on\r\n'), silent, silent, unsure],
	later: [says('421 4.3.2 not now\r\n'), refused, refused, refused],
	'later-closes': [closes('421 4.3.2 not now\r\n'), refused, refused, refused],
};

const steps = [
	['greeting', 1, {}],
	['ehlo', 1, {}],
	['ehlo-tls', 1, { tls: 'starttls' }],
	['auth', 2, { tls: 'smtps', auth: { pass: 'p' } }],
	['mail', 2, {}],
	['rcpt', 2, {}],
	['data', 2, {}],
	['end', 3, {}],
];

// libcurl's own limit comes first where offers do not end.
const sooner = { 'ehlo-lines-endless': ended, 'ehlo-tls-lines-endless': ended };

// Every misbehaviour at every step.
const matrix = steps.flatMap(([step, column, more]) =>
	Object.entries(misbehaviours).map(([name, row]) => ({ ...more,
		name: `${step}-${name}`,
		wanted: sooner[`${step}-${name}`] ?? row[column],
		timeout: row[column] === silent || name === 'silence' ||
		    name === 'drip' ? SHORT : undefined,
		steps: { [step]: row[0], ...(step === 'ehlo' ||
		step === 'ehlo-tls' ? { helo: row[0] } : {}) } })));

const two = ['a@example.net', 'b@example.net'];
const secret = { pass: 'p' };
const ehlo = (...words) => ['250-hostile', ...words.map((w) => `250-${w}`),
	'250 HELP'].join('\r\n');

export const cases = [
	...matrix,
	// the greeting
	{ name: 'greeting-554', wanted: refused, steps: { greeting: '554 go away' } },
	{ name: 'greeting-of-two-minds', wanted: refused, steps: { greeting: '220-hello\r\n554 no' } },
	{ name: 'greeting-all-at-once', wanted: noSmtp, steps: { greeting: '220 a\r\n250-b\r\n250 PIPELINING\r\n250 c\r\n250 d\r\n354 e\r\n250 f' } },
	// offers
	{ name: 'ehlo-502', wanted: delivered, steps: { ehlo: '502 what?', helo: '250 hello' } },
	{ name: 'ehlo-550', wanted: refused, steps: { ehlo: '550 no', helo: '550 no' } },
	{ name: 'ehlo-many', wanted: delivered, steps: { ehlo: ehlo(...Array(100).fill('X-AND-SO-ON')) } },
	{ name: 'ehlo-long', wanted: delivered, steps: { ehlo: ehlo('X'.repeat(4000)) } },
	{ name: 'ehlo-size-huge', wanted: delivered, steps: { ehlo: ehlo(`SIZE ${'9'.repeat(40)}`) } },
	{ name: 'ehlo-size-negative', wanted: delivered, steps: { ehlo: ehlo('SIZE -5') } },
	{ name: 'ehlo-size-words', wanted: delivered, steps: { ehlo: ehlo('SIZE of a mail') } },
	{ name: 'ehlo-size-small', wanted: 'failed REMOTE_REJECTED', steps: { ehlo: ehlo('SIZE 10') } },
	{ name: 'ehlo-offers-nul', wanted: delivered, steps: { ehlo: ehlo('SI\0ZE 10') } },
	{ name: 'ehlo-offers-control', wanted: delivered, steps: { ehlo: ehlo('\x1b[31mred', '\x07') } },
	// STARTTLS
	{ name: 'starttls-good', wanted: delivered, tls: 'starttls' },
	{ name: 'starttls-not-offered', wanted: noTls, tls: 'starttls', steps: { ehlo: '250 hostile' } },
	{ name: 'starttls-454', wanted: noTls, tls: 'starttls', steps: { starttls: '454 not now' } },
	{ name: 'starttls-501', wanted: noTls, tls: 'starttls', steps: { starttls: '501 what?' } },
	{ name: 'starttls-injects', wanted: noSmtp, tls: 'starttls', auth: secret, steps: { starttls: '220 go on\r\n250-hostile\r\n250 AUTH PLAIN\r\n235 in' } },
	{ name: 'starttls-injects-part', wanted: noSmtp, tls: 'starttls', steps: { starttls: '220 go on\r\n250' } },
	{ name: 'starttls-silence', wanted: silent, tls: 'starttls', timeout: SHORT, steps: { starttls: () => {} } },
	{ name: 'starttls-close', wanted: ended, tls: 'starttls', steps: { starttls: closes() } },
	{ name: 'starttls-then-silence', wanted: silent, tls: 'starttls', timeout: SHORT, steps: { starttls: (socket) => { socket.write('220 go on\r\n'); } } },
	{ name: 'starttls-then-close', wanted: noTls, tls: 'starttls', steps: { starttls: (socket) => { socket.write('220 go on\r\n'); socket.once('data', () => socket.end()); } } },
	{ name: 'starttls-then-garbage', wanted: noTls, tls: 'starttls', steps: { starttls: (socket) => { socket.write('220 go on\r\n'); socket.once('data', () => floods('', Buffer.alloc(65536, 0x5a))(socket)); } } },
	{ name: 'starttls-then-clear', wanted: noTls, tls: 'starttls', steps: { starttls: (socket) => { socket.write('220 go on\r\n'); socket.once('data', () => socket.write('250 hostile\r\n')); } } },
	{ name: 'starttls-login-gone', wanted: noLogin, tls: 'starttls', auth: secret, steps: { 'ehlo-tls': '250 hostile' } },
	// TLS from the beginning
	{ name: 'tls-good', wanted: delivered, tls: 'smtps' },
	{ name: 'tls-silence', wanted: silent, tls: 'raw', timeout: SHORT, steps: { greeting: () => {} } },
	{ name: 'tls-close', wanted: noTls, tls: 'raw', steps: { greeting: closes() } },
	{ name: 'tls-clear', wanted: noTls, tls: 'raw', steps: { greeting: says('220 hostile\r\n') } },
	{ name: 'tls-garbage', wanted: noTls, tls: 'raw', steps: { greeting: floods('', Buffer.alloc(65536, 0x5a)) } },
	// logins
	{ name: 'auth-535', wanted: noLogin, tls: 'smtps', auth: secret, steps: { auth: '535 no' } },
	{ name: 'auth-454', wanted: refused, tls: 'smtps', auth: secret, steps: { auth: '454 not now' } },
	{ name: 'auth-354', wanted: noLogin, tls: 'smtps', auth: secret, steps: { auth: '354 go on' } },
	{ name: 'auth-challenge', wanted: noLogin, tls: 'smtps', auth: secret, steps: { auth: '334 bW9yZQ==' } },
	{ name: 'auth-challenge-of-a-mebibyte', wanted: noSmtp, tls: 'smtps', auth: secret, steps: { auth: `334 ${'A'.repeat(MIB)}` } },
	{ name: 'auth-challenge-no-base64', wanted: noLogin, tls: 'smtps', auth: secret, steps: { auth: '334 \0\x1b%%%' } },
	{ name: 'auth-login-for-ever', wanted: noLogin, tls: 'smtps', auth: secret, login: Array(9).fill('334 bW9yZQ=='), steps: { 'ehlo': ehlo('AUTH LOGIN'), 'ehlo-tls': ehlo('AUTH LOGIN'), auth: '334 VXNlcm5hbWU6' } },
	{ name: 'auth-token-for-ever', wanted: noLogin, tls: 'smtps', auth: { oauth2: 't' }, login: Array(9).fill('334 eyJzIjo0MDF9'), steps: { auth: '334 eyJzIjo0MDF9' } },
	{ name: 'auth-twice', wanted: delivered, tls: 'smtps', auth: secret, steps: { auth: '235-in\r\n235 in' } },
	// answers that nobody asked for
	{ name: 'mail-two', wanted: noSmtp, steps: { mail: '250 ok\r\n250 ok\r\n250 ok' } },
	{ name: 'mail-all', wanted: noSmtp, steps: { mail: '250 ok\r\n250 ok\r\n354 go\r\n250 done' } },
	{ name: 'data-and-end', wanted: noSmtp, steps: { data: '354 go on\r\n250 done' } },
	{ name: 'data-and-no', wanted: 'failed REMOTE_REJECTED', steps: { data: '354 go on\r\n552 too much' } },
	{ name: 'data-250', wanted: noSmtp, steps: { data: '250 ok' } },
	{ name: 'end-354', wanted: noSmtp, steps: { end: '354 go on' } },
	{ name: 'end-twice', wanted: delivered, steps: { end: '250 ok\r\n250 ok' } },
	{ name: 'end-then-more', wanted: delivered, steps: { end: floods('250 ok\r\n', 'and so on\r\n'.repeat(1000)) } },
	{ name: 'end-then-421', wanted: delivered, steps: { end: closes('250 ok\r\n421 bye\r\n') } },
	{ name: 'end-of-two-minds', wanted: 'failed REMOTE_REJECTED', steps: { end: '250-ok\r\n550 no' } },
	// recipients
	{ name: 'rcpt-later-for-all', wanted: refused, recipients: two, steps: { rcpt: '450 not now' } },
	{ name: 'rcpt-no-for-all', wanted: 'failed REMOTE_REJECTED', recipients: two, steps: { rcpt: '550 no' } },
	{ name: 'rcpt-words-huge', wanted: 'failed REMOTE_REJECTED', recipients: two, steps: { rcpt: `550 ${'x'.repeat(20000)}` } },
	{ name: 'rcpt-one-reply-for-two', wanted: silent, timeout: SHORT, recipients: two, steps: { rcpt: (socket) => { socket.asked = (socket.asked ?? 0) + 1; if (socket.asked === 1) socket.write('250 ok\r\n'); } } },
	// what it says cannot reach a terminal or a log
	{ name: 'words-of-control', wanted: 'failed REMOTE_REJECTED', steps: { mail: '550 \x1b[31mred\x07 \xff\xfe' } },
	{ name: 'bare-newlines', wanted: delivered, steps: { mail: (socket) => { socket.write('250 ok\n'); }, rcpt: (socket) => { socket.write('250 ok\n'); } } },
];
