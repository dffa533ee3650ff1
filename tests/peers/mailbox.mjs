// mailbox.mjs DIR - an SMTP server, and a parser that reads what it got
//
// Nodemailer's smtp-server and mailparser, which know nothing of spoold.  Each
// mail is DIR/mail/N.eml as it came and a line of DIR/mails: what the parser
// made of it.  DIR/known.json says who may log in (user, password, token),
// DIR/key.pem and DIR/cert.pem are its own.  DIR/port has three ports: STARTTLS
// offered, TLS from the beginning, and in clear without STARTTLS.  The local
// part of a recipient says what becomes of it: `code-550` is refused with that,
// `code-451-data` lets the whole mail be refused, after it was sent; such a one
// is DIR/mail/refused-N.eml.
// DIR/connections counts connections, DIR/logins has each login's method.
import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, readFileSync, renameSync,
	writeFileSync } from "node:fs";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

const dir = process.argv[2];
const known = JSON.parse(readFileSync(`${dir}/known.json`));
mkdirSync(`${dir}/mail`, { recursive: true });
let mails = 0, refused = 0, connections = 0;

function refusal(code, words) {
	const error = new Error(words);
	error.responseCode = code;
	return error;
}

function onAuth(auth, session, done) {
	appendFileSync(`${dir}/logins`, `${auth.method}\n`);
	if (auth.method === "XOAUTH2")
		return auth.username === known.user &&
		    auth.accessToken === known.token ?
			done(null, { user: auth.username }) :
			done(null, { data: { status: "401",
				schemes: "bearer" } });
	if (auth.username === known.user && auth.password === known.password)
		return done(null, { user: auth.username });
	return done(refusal(535, "5.7.8 Error: authentication failed"));
}

function onRcptTo(address, session, done) {
	const asked = /^code-(\d{3})@/.exec(address.address);
	done(asked ? refusal(Number(asked[1]), "5.1.1 not here") : null);
}

async function keep(raw, session) {
	const n = ++mails;
	writeFileSync(`${dir}/mail/${n}.eml`, raw);
	const mail = await simpleParser(raw, { skipTextToHtml: true,
		skipImageLinks: true });
	const people = (field) => (field ? [field].flat() : []).flatMap((f) =>
	    f.value.map((v) => `${v.name}|${v.address}`));
	const bytes = raw.toString("latin1");
	appendFileSync(`${dir}/mails`, JSON.stringify({ n,
		tls: session.secure, user: session.user ?? null,
		mailFrom: session.envelope.mailFrom.address,
		utf8: session.envelope.smtpUtf8 ?? false,
		announced: Number(session.envelope.mailFrom.args?.SIZE ?? 0),
		bytes: raw.length,
		rcpt: session.envelope.rcptTo.map((r) => r.address),
		from: people(mail.from), to: people(mail.to),
		cc: people(mail.cc), bcc: people(mail.bcc),
		replyTo: people(mail.replyTo), subject: mail.subject,
		messageId: mail.messageId, date: mail.date,
		auto: mail.headers.get("auto-submitted") ?? null,
		text: mail.text ?? null, html: mail.html || null,
		bareLine: /[^\r]\n|\r[^\n]/.test(bytes),
		longest: bytes.split("\r\n").reduce((most, line) =>
		    Math.max(most, line.length), 0),
		ascii: /^[\x00-\x7f]*$/.test(bytes), sha256:
		    createHash("sha256").update(raw).digest("hex"),
		attachments: mail.attachments.map((a) => ({
			name: a.filename ?? null, type: a.contentType,
			disposition: a.contentDisposition, size: a.size,
			text: a.size < 4096 ? a.content.toString() : null,
			sha256: createHash("sha256").update(a.content)
			    .digest("hex"),
		})) }) + "\n");
	return n;
}

function onData(stream, session, done) {
	const chunks = [];
	stream.on("data", (chunk) => chunks.push(chunk));
	stream.on("end", () => {
		if (stream.sizeExceeded)
			return done(refusal(552, "5.3.4 too large"));
		const asked = session.envelope.rcptTo.map((r) =>
		    /^code-(\d{3})-data@/.exec(r.address)).find(Boolean);
		if (asked) {
			writeFileSync(`${dir}/mail/refused-${++refused}.eml`,
			    Buffer.concat(chunks));
			return done(refusal(Number(asked[1]), "not this one"));
		}
		keep(Buffer.concat(chunks), session).then((n) =>
		    done(null, `2.0.0 Ok: queued as ${n}`), done);
	});
}

const options = { key: readFileSync(`${dir}/key.pem`),
	cert: readFileSync(`${dir}/cert.pem`), authOptional: !known.demand,
	authMethods: known.methods ?? ["PLAIN", "LOGIN", "XOAUTH2"],
	size: known.size ?? 64 * 1024 * 1024, disableReverseLookup: true,
	allowInsecureAuth: true, logger: false, onAuth, onRcptTo, onData,
	onConnect(session, done) {
		writeFileSync(`${dir}/connections`, `${++connections}`);
		done();
	} };

const ports = [];
for (const more of [{ secure: false }, { secure: true },
	{ secure: false, disabledCommands: ["STARTTLS"] }]) {
	const server = new SMTPServer({ ...options, ...more });
	server.on("error", () => {});	// a client that breaks a handshake off
	await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
	ports.push(server.server.address().port);
}
writeFileSync(`${dir}/port.new`, `${ports.join(" ")}\n`);
renameSync(`${dir}/port.new`, `${dir}/port`);
