// smtp_script.mjs DIR - an SMTP server that answers as it is told
//
// DIR/script, read anew for each connection, is a JSON object: a reply, or an
// array of them for one after the other (the last stays), for GREETING, EHLO,
// MAIL, RCPT, DATA, RSET, QUIT and END, the end of a message.  A reply is a
// line or lines; null is silence, "close" ends the connection, "close TEXT" says
// that first, "drip TEXT" says a byte of it each 100 ms, for ever, "wait MS TEXT"
// says it then.  A member named as a connection's number has what that one is told
// instead.  STOP: the bytes of a message after which nothing more is read.
// DIR/commands has what it was told, a connection's number before it; DIR/body
// the last message, as it came over the wire.
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";

const dir = process.argv[2];
let connections = 0;
const usual = { GREETING: "220 script", EHLO:
	"250-script\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0",
	MAIL: "250 ok", RCPT: "250 ok", DATA: "354 go on", RSET: "250 ok",
	QUIT: "221 bye", END: "250 2.0.0 Ok: queued as Q1" };

createServer((socket) => {
	const n = ++connections;
	const told = JSON.parse(readFileSync(`${dir}/script`));
	const script = { ...usual, ...told, ...told[n] };
	let input = Buffer.alloc(0), body = false, kept = 0;

	const reply = (command) => {
		let text = script[command] ?? null;
		if (Array.isArray(text))
			text = text.length > 1 ? text.shift() : text[0];
		if (text === null)
			return "";
		if (text.startsWith("close")) {
			const words = text.slice(6);
			socket.end(words === "" ? undefined : `${words}\r\n`);
			return "close";
		}
		if (text.startsWith("drip")) {
			let at = 5;
			setInterval(() => socket.write(text[at++] ??
			    text[at = 5, at++]), 100);
			return "drip";
		}
		const late = /^wait (\d+) (.*)$/.exec(text);
		if (late)
			setTimeout(() => socket.write(`${late[2]}\r\n`),
			    Number(late[1]));
		else
			socket.write(`${text}\r\n`);
		return text;
	};
	const line = (text) => {
		appendFileSync(`${dir}/commands`, `${n} ${text}\n`);
		const said = reply(text.split(/[ :]/)[0].toUpperCase());
		if (/^DATA/i.test(text) && said.startsWith("354"))
			body = true;
	};
	const step = () => {
		const mark = body ? "\r\n.\r\n" : "\r\n";
		const at = input.indexOf(mark);
		if (at < 0)
			return false;
		if (body) {
			writeFileSync(`${dir}/body`, input.subarray(0, at + 2));
			body = false;
			input = input.subarray(at + 5);
			appendFileSync(`${dir}/commands`, `${n} END\n`);
			reply("END");
		} else {
			const text = input.subarray(0, at).toString();
			input = input.subarray(at + 2);
			line(text);
		}
		return true;
	};
	socket.on("error", () => {});
	socket.on("close", () => appendFileSync(`${dir}/commands`,
	    `${n} closed\n`));
	socket.on("data", (bytes) => {
		// Of a large message nothing is kept but its end.
		input = Buffer.concat([body && input.length > 100000 ?
		    input.subarray(-1000) : input, bytes]);
		kept += bytes.length;
		if (script.STOP && body && kept > script.STOP)
			socket.pause();
		while (step())
			;
	});
	reply("GREETING");
}).listen(0, "127.0.0.1", function () {
	writeFileSync(`${dir}/port.new`, `${this.address().port}\n`);
	renameSync(`${dir}/port.new`, `${dir}/port`);
});
