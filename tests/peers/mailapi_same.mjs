// mailapi_same.mjs A B - whether two requests' JSON means the same mail
//
// Each is a file.  Addresses count by what a mail parser reads in them, the
// rest exactly; an array of one address and the address alone are one.  Prints
// what differs; exit status 1 if anything does.
import { deepStrictEqual } from 'node:assert';
import fs from 'node:fs';
import { simpleParser } from 'mailparser';

const ADDRESSES = /^(from|to|cc|bcc|reply_to|FromEmailAddress|ToAddresses|CcAddresses|BccAddresses|ReplyToAddresses)$/;

async function addresses(texts) {
	const mail = await simpleParser(`To: ${texts.join(', ')}\r\n\r\n`);

	return mail.to.value.map((one) => ({ address: one.address,
		name: one.name }));
}

async function meaning(value, name) {
	if (ADDRESSES.test(name) && (typeof value === 'string' ||
	    (Array.isArray(value) && typeof value[0] === 'string')))
		return await addresses([value].flat());
	if (value === null || typeof value !== 'object')
		return value;
	if (Array.isArray(value))
		return await Promise.all(value.map((one) => meaning(one, '')));
	const same = {};

	for (const [n, v] of Object.entries(value))
		same[n] = await meaning(v, n);
	return same;
}

const [a, b] = await Promise.all(process.argv.slice(2).map((file) =>
	meaning(JSON.parse(fs.readFileSync(file)), '')));

try {
	deepStrictEqual(a, b);
} catch (error) {
	console.log(error.message);
	process.exitCode = 1;
}
