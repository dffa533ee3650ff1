// injection.mjs drop|check SPOOL: values that must go nowhere
//
// `drop` drops a job for each value in each place; `check` prints what did not
// become of one what should have.  A row of `refused` is a place that intake
// looks at: the job is refused with the place as details.path, whoever it is
// for.  A row of `failed` is a value that a job may have, but not where a
// destination would put it: its ticket has failed, and the reason begins with
// the place.
import fs from 'node:fs';

const [what, spool] = process.argv.slice(2);
const long = (n) => 'x'.repeat(n);

// --- what a value can be -------------------------------------------------------

// In JSON, between quotes; bytes that are no characters as latin1.
const breaking = {
	cr: 'a\\rb', lf: 'a\\nb', crlf: 'a\\r\\nX-Evil: 1', nul: 'a\\u0000b',
	'nul-byte': 'a\0b', 'lf-byte': 'a\nb', 'lf-alone': '\\n',
	'lf-end': 'a\\n', esc: 'a\\u001bb', del: 'a\\u007fb', nel: 'a\\u0085b',
	'no-utf8': 'a\xffb', overlong: 'a\xc0\xafb', surrogate: 'a\\ud800b',
	'surrogate-bytes': 'a\xed\xa0\x80b',
};
const leading = { up: '..', here: '.', 'up-and-on': '../../etc/passwd',
	absolute: '/etc/passwd', slash: 'a/b', 'slash-escaped': 'a\\u002fb' };

// --- what intake looks at ------------------------------------------------------

const all = '"webhook","email","local","s3","sftp","pipe","azure","gcs",' +
	'"sendgrid","resend","ses","custom","download"';
const job = (payload, options = '', to = all) => `{"destinations":[${to}],` +
	`"payload":{"type":"data","data":1${payload}}${options}}`;
const option = (name) => (value) => job('', `,"options":{"${name}":${value}}`);
const file = (member) => (value) => `{"destinations":[${all}],"payload":{` +
	`"type":"export",${member.replace('%', () => value)}}}`;

const places = {
	'payload.file': [file('"file":%'), { ...leading, long: long(256) }],
	'payload.filename': [file('"file":"f","filename":%'),
		{ ...leading, long: long(256) }],
	'payload.contentType': [file('"file":"f","contentType":%'),
		{ up: '..', absolute: '/etc/passwd', long: `a/${long(300)}`,
		    more: 'a/b, c/d' }],
	'payload.type': [(value) => `{"destinations":[${all}],"payload":{` +
		`"type":${value},"data":1}}`, { ...leading, long: long(9999) }],
	'options.correlationId': [option('correlationId'),
		{ empty: '', long: long(257) }],
	'options.idempotencyKey': [option('idempotencyKey'),
		{ empty: '', long: long(257) }],
	'options.tags[0]': [(value) => job('', `,"options":{"tags":[${value}]}`),
		{ empty: '', long: long(257) }],
	'options.traceparent': [option('traceparent'),
		{ ...leading, long: `01-${'a'.repeat(32)}-${'b'.repeat(16)}-01-${
		    'c'.repeat(900)}` }],
	'options.callback': [option('callback'), { ...leading, long: long(64) }],
	'destinations[0]': [(value) => job('', '', value),
		{ ...leading, long: long(64) }],
	organizationId: [(value) => job('', `,"organizationId":${value}`),
		{ long: long(257) }],
};

const refused = Object.entries(places).flatMap(([path, [make, more]]) =>
	Object.entries({ ...breaking, ...more }).map(([name, value]) => ({
		name: `${path.replace(/[^A-Za-z]/g, '-')}-${name}`, path,
		text: make(`"${value}"`) })));
// No value of metadata can be what is no text.
for (const name of ['nul', 'nul-byte', 'lf-byte', 'no-utf8', 'overlong',
	'surrogate', 'surrogate-bytes'])
	refused.push({ name: `metadata-${name}`, path: 'payload.metadata.v',
		text: job(`,"metadata":{"v":"${breaking[name]}"}`) });

// --- what a destination would put into a path, a header, a name --------------

const wrong = { cr: breaking.cr, lf: breaking.lf, crlf: breaking.crlf,
	'lf-alone': breaking['lf-alone'], 'lf-end': breaking['lf-end'],
	esc: breaking.esc, del: breaking.del, nel: breaking.nel };
const inPath = { ...wrong, ...leading, 'two-dots': 'a..b',
	backslash: 'a\\\\b', empty: '', long: long(1100) };
delete inPath.here;	// it is a part of its own only where it stands alone
const metadata = (to) => (value) => job(`,"metadata":{"v":"${value}"}`, '',
	`"${to}"`);
const correlation = (to) => (value) => job('',
	`,"options":{"correlationId":"${value}"}`, `"${to}"`);
const named = (to) => (value) => `{"destinations":["${to}"],"payload":{` +
	`"type":"export","file":"f-${to}","filename":"${value}"}}`;
const keyed = (to) => (value) => job(`,"metadata":{"${value}":1}`, '',
	`"${to}"`);
const paths = ['local', 's3', 'azure', 'gcs', 'sftp', 'download'];
const mails = ['email', 'sendgrid', 'resend', 'ses', 'custom'];

const ticketed = [
	...paths.map((to) => [`${to}-in`, metadata, 'payload.metadata.v', inPath]),
	...paths.map((to) => [`${to}-by`, correlation, 'correlationId',
		{ ...leading, here: undefined, backslash: 'a\\\\b' }]),
	...paths.map((to) => [to, named, 'payload.filename',
		{ backslash: '..\\\\..\\\\x' }]),
	...mails.map((to) => [`${to}-subject`, metadata, 'subject',
		{ ...wrong, long: long(2000) }]),
	...mails.map((to) => [`${to}-name`, metadata, 'attachmentName',
		{ ...wrong, slash: 'a/b', backslash: 'a\\\\b',
		    absolute: '/etc/passwd', long: long(2000) }]),
	['s3', keyed, 'payload.metadata', { colon: 'a:b', crlf: 'a\\r\\nb',
		blank: 'a b', empty: '', 'not-ascii': '\\u00e9', long: long(9000) }],
];

const failed = ticketed.flatMap(([to, make, path, values]) =>
	Object.entries(values).filter(([, value]) => value !== undefined)
		.map(([name, value]) => ({ to, path, text: make(to)(value),
			name: `${to}-${path.replace(/[^A-Za-z]/g, '-')}-${name}` })));

// --- dropping, and looking -------------------------------------------------------

function drop() {
	for (const { name, text } of [...refused, ...failed]) {
		const file = /"file":"(f-\w+)"/.exec(text);
		if (file)
			fs.writeFileSync(`${spool}/data/${file[1]}`, 'x');
		fs.writeFileSync(`${spool}/tmp/${name}`, Buffer.from(text, 'latin1'));
		fs.renameSync(`${spool}/tmp/${name}`, `${spool}/new/${name}.json`);
	}
}

const read = (directory, end) => Object.fromEntries(
	fs.readdirSync(`${spool}/${directory}`).filter((f) => f.endsWith(end))
		.map((f) => [f.slice(0, f.length - end.length - 27),
			JSON.parse(fs.readFileSync(`${spool}/${directory}/${f}`))]));

function check() {
	const errors = read('failed', '.json.error');
	const receipts = read('receipts', '.json');
	for (const { name, path } of refused) {
		const is = errors[name];
		if (is?.code !== 'VALIDATION_ERROR' || is.details.path !== path)
			console.log(`${name}: ${is?.code} ${is?.details?.path}: ${
				is?.message}`);
	}
	for (const { name, path } of failed) {
		const is = receipts[name]?.destinations?.[0];
		if (is?.status !== 'failed' || is.errorCode !== 'VALIDATION_ERROR' ||
		    !is.failureReason.startsWith(`${path} `))
			console.log(`${name}: ${is?.status} ${is?.errorCode}: ${
				is?.failureReason}`);
	}
	console.log(`${refused.length} refused, ${failed.length} failed`);
}

if (what === 'drop')
	drop();
else
	check();
