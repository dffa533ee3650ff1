// read_mail.mjs - what mailparser makes of the message on standard input
import { createHash } from "node:crypto";
import { simpleParser } from "mailparser";

const chunks = [];
for await (const chunk of process.stdin)
	chunks.push(chunk);
const mail = await simpleParser(Buffer.concat(chunks),
	{ skipTextToHtml: true, skipImageLinks: true });
console.log(JSON.stringify({ subject: mail.subject ?? null,
	from: mail.from?.text ?? null, messageId: mail.messageId ?? null,
	type: mail.headers.get("content-type")?.value,
	hp: mail.headers.get("content-type")?.params?.hp ?? null,
	outer: [mail.headers.get("hp-outer") ?? []].flat(),
	text: mail.text ?? null, html: mail.html || null,
	attachments: mail.attachments.map((a) => ({ name: a.filename ?? null,
		type: a.contentType, size: a.size, sha256:
		    createHash("sha256").update(a.content)
			.digest("hex") })) }));
