// postfix.mjs - Postfix as a relay, on a queue of its own
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { eventually } from '../faults/instance.mjs';
import { SmtpSink, freePort } from './sink.mjs';

const SESSIONS = 20;
const PATIENCE = 900000;
const execute = promisify(execFile);

const services = (port) => `
127.0.0.1:${port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

const settings = (path, url) => `
compatibility_level = 3.6
queue_directory = ${path}/queue
data_directory = ${path}/data
maillog_file = ${path}/maillog
maillog_file_prefixes = ${path}
myhostname = bench.invalid
mydestination =
relayhost = ${url}
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = ipv4
smtp_dns_support_level = disabled
`;

export class Postfix {
	name = 'postfix';
	needs = ['postfix', '/usr/sbin/smtp-source', '/usr/sbin/smtp-sink'];
	Sink = SmtpSink;
	runs = ['end to end'];

	async open(volume, sink) {
		const path = `${volume}/postfix`;
		for (const name of ['', '/queue', '/data', '/etc'])
			fs.mkdirSync(`${path}${name}`);
		await execute('chown', ['postfix', `${path}/data`]);
		this.port = await freePort();
		this.etc = `${path}/etc`;
		this.queue = `${path}/queue`;
		fs.writeFileSync(`${this.etc}/main.cf`,
		    settings(path, sink.url));
		fs.writeFileSync(`${this.etc}/master.cf`, services(this.port));
		await execute('postfix', ['-c', this.etc, 'start']);
		this.roots = [Number(fs.readFileSync(
		    `${this.queue}/pid/master.pid`, 'utf8'))];
	}

	async feed(jobs) {
		const begin = process.hrtime.bigint();
		await execute('/usr/sbin/smtp-source', ['-s', SESSIONS, '-m',
			jobs, '-l', 1024, '-f', 'bench@bench.invalid', '-t',
			'sink@bench.invalid', `127.0.0.1:${this.port}`]
			.map(String));
		return new Map([[0, { due: begin, done: begin }]]);
	}

	settled() {
		return eventually('the queue is empty', () =>
			['incoming', 'active', 'deferred'].every((name) =>
				fs.readdirSync(`${this.queue}/${name}`, {
					recursive: true, withFileTypes: true,
				}).every((entry) => !entry.isFile())),
		PATIENCE);
	}

	async close() {
		await execute('postfix', ['-c', this.etc, 'stop']);
		await eventually('postfix is gone', () =>
			!fs.existsSync(`/proc/${this.roots[0]}`));
	}
}
