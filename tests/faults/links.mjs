// links.mjs - the kill campaign's story of links: published, fetched by several
// at once, revoked; and what has to be true of them afterwards
import fs from 'node:fs';
import http from 'node:http';
import { eventually } from './instance.mjs';
import { SETTINGS } from './story.mjs';

const MOST = 2;			// fetches that the link may have
const PAYLOAD = 'x'.repeat(50000);

export async function prepareLinks(instance) {
	await instance.init({ ...SETTINGS, download: {
		listen: `"unix:${instance.root}/links.sock"` } });
	const file = `${instance.root}/destinations.json`;
	fs.writeFileSync(file, JSON.stringify({ id: 'dl', label: 'dl',
		type: 'download', config: { download: {
			baseUrl: 'https://files.example', maxAccess: MOST } } }));
	await instance.start();
	await instance.must('spooldest', 'create', file);
	await instance.must('spoolctl', 'stop');
	instance.links = {};		// by the drop's name
	instance.taken = 0;		// whole fetches of l-twice
	instance.revoked = false;	// and somebody was told so
}

// Its status, 0 if there was no whole answer.
function ask(instance, token, method) {
	return new Promise((done) => {
		const request = http.request({ method, path: `/d/${token}`,
			socketPath: `${instance.root}/links.sock`, agent: false,
			headers: { 'X-Forwarded-For': '192.0.2.7' } },
		(response) => {
			let text = '';
			response.on('data', (chunk) => { text += chunk; });
			response.on('end', () => done(response.complete &&
			    (response.statusCode !== 200 || method !== 'POST' ||
			    text === PAYLOAD) ? response.statusCode : 0));
			response.on('error', () => done(0));
		});
		request.on('error', () => done(0));
		request.end();
	});
}

async function take(instance) {
	if (await ask(instance, instance.links['l-twice'], 'POST') === 200)
		instance.taken++;
}

const entry = (instance, drop) => instance.receipt(drop)?.destinations?.[0];

function note(instance) {
	for (const drop of instance.drops) {
		const link = entry(instance, drop)?.link;
		if (link)
			instance.links[drop.name] = link.split('/').pop();
	}
	return Object.keys(instance.links).length === instance.drops.length;
}

export async function links(instance, run) {
	for (const name of ['l-twice', 'l-revoked']) {
		fs.writeFileSync(`${instance.spool}/data/${name}.bin`, PAYLOAD);
		// Nothing of it arrives at the campaign's receiver.
		instance.drop(name, JSON.stringify({ destinations: ['dl'],
			payload: { type: 'export', file: `${name}.bin` } }),
		{ destinations: [] });
	}
	await eventually('links', () => run.ended || note(instance));
	if (run.ended)
		return;
	await take(instance);
	await Promise.all([take(instance), take(instance), take(instance)]);
	const before = instance.checkpoint();
	const said = await instance.run('spoolsuper', '--revoke',
	    instance.drops[1].id);
	instance.revoked = said.status === 0 && / revoked/.test(said.out) &&
	    !/unchanged/.test(said.out);
	await ask(instance, instance.links['l-revoked'], 'POST');
	if (run.ended)
		return;
	await eventually('a checkpoint', () => run.ended ||
		instance.checkpoint() !== before);
	await instance.run('spoolctl', 'stop');
	await run.dead;
}

function checkCounts(instance, token, found) {
	const counts = instance.lines().filter((line) =>
		line.event === 'download' && line.reference === token)
		.map((line) => line.count);
	const promised = Array.from({ length: MOST }, (_, i) => i + 1);
	if (String(counts) !== String(promised))
		found.push(`fetches on record: ${counts}`);
	if (instance.taken > MOST)
		found.push(`fetched ${instance.taken} times`);
}

// While it runs again: takes what is left, and looks at what was revoked.
export async function lookAtLinks(instance, found) {
	const [twice, revoked] = instance.drops;
	if (!revoked)
		return;		// dead before the first drop
	note(instance);
	const first = instance.links[twice.name];
	await eventually('a listener', () => ask(instance, first, 'HEAD'));
	for (let i = 0; i < MOST + 2; i++)
		await take(instance);
	if (await ask(instance, first, 'POST') !== 404)
		found.push('it can be fetched more often than it may');
	checkCounts(instance, entry(instance, twice).crossSystemReference,
	    found);
	const { revokedAt, link } = entry(instance, revoked);
	if (instance.revoked && !revokedAt)
		found.push('somebody was told of a revocation that is none');
	if (Boolean(revokedAt) === Boolean(link))
		found.push(`link ${link}, revoked ${revokedAt}`);
	const status = await ask(instance, instance.links[revoked.name], 'GET');
	if (instance.links[revoked.name] && status !== (revokedAt ? 404 : 200))
		found.push(`revoked ${revokedAt}, answered ${status}`);
	for (const name of fs.readdirSync(instance.journal))
		for (const token of Object.values(instance.links))
			if (fs.readFileSync(`${instance.journal}/${name}`,
			    'utf8').includes(token))
				found.push(`a token stands in ${name}`);
}
