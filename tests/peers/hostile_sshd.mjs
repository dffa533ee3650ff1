// hostile_sshd.mjs DIR HOSTKEY: SSH servers that misbehave, each in one way.
// DIR/ports says where: `ssh` is one whose behaviour is the user's name, the
// others do not even speak SSH.  `files` of the ssh one are in memory, one set
// for each user; DIR/files/USER lists them with their sizes, DIR/content/USER has
// the bytes of the one that was renamed last, and DIR/log what was asked.
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync }
	from 'node:fs';
import { createServer } from 'node:net';
import { randomBytes } from 'node:crypto';
import ssh2 from 'ssh2';

const [dir, keyFile] = process.argv.slice(2);
mkdirSync(`${dir}/files`, { recursive: true });
mkdirSync(`${dir}/content`, { recursive: true });

// --- those that do not speak SSH --------------------------------------------

// As much as the other side takes, until it goes; others get their turns.
function flood(stream, piece, connection = stream) {
	let gone = false;
	connection.on('close', () => { gone = true; });
	const go = () => {
		for (let n = 0; n < 64; n++)
			if (gone || stream.destroyed || !stream.write(piece()))
				return;
		setImmediate(go);
	};
	stream.on('drain', go);
	go();
}

const plain = {
	silent: () => {},
	closing: (socket) => socket.end(),
	garbage: (socket) => flood(socket, () => randomBytes(4096)),
	endless: (socket) => {
		socket.write('SSH-2.0-');
		flood(socket, () => Buffer.alloc(4096, 'a'));
	},
	lines: (socket) => flood(socket, () => Buffer.from('hello\r\n')),
	drip: (socket) => {
		const timer = setInterval(() => socket.write('a'), 100);
		socket.on('close', () => clearInterval(timer));
	},
	packets: (socket) => {
		socket.write('SSH-2.0-x\r\n');
		flood(socket, () => randomBytes(4096));
	},
	large: (socket) => {
		socket.write('SSH-2.0-x\r\n');
		socket.write(Buffer.from([0x7f, 0xff, 0xff, 0xff]));
		flood(socket, () => Buffer.alloc(4096));
	},
};

// --- SFTP over a channel ----------------------------------------------------

const T = { INIT: 1, OPEN: 3, CLOSE: 4, READ: 5, WRITE: 6, FSTAT: 8,
	REMOVE: 13, MKDIR: 14, STAT: 17, RENAME: 18, EXTENDED: 200 };
const NAME = Object.fromEntries(Object.entries(T).map(([k, v]) => [v, k]));

const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n >>> 0);
	return b; };
const str = (s) => { const b = Buffer.from(s); return Buffer.concat(
	[u32(b.length), b]); };
const packet = (type, ...parts) => {
	const body = Buffer.concat([Buffer.from([type]), ...parts]);
	return Buffer.concat([u32(body.length), body]);
};
const status = (id, code, words = '') => packet(101, u32(id), u32(code),
	str(words), str(''));
const attrs = (id, size) => packet(105, u32(id), u32(1), u32(size / 2 ** 32),
	u32(size % 2 ** 32));

// Names are of files, and handles too: one that was removed can be written.
const stores = {};

// Of `late`: what the disk of the first session has not taken yet.
const late = { session: null, writes: [] };

function write(file, offset, bytes) {
	const all = Buffer.alloc(Math.max(file.bytes.length,
		offset + bytes.length));
	file.bytes.copy(all);
	bytes.copy(all, offset);
	file.bytes = all;
}

class Sftp {
	constructor(mode, stream, client) {
		Object.assign(this, { mode, stream, client, handles: {}, n: 0,
			held: [], asked: 0 });
		this.files = stores[mode] ??= {};
		let rest = Buffer.alloc(0);
		stream.on('error', () => {});
		stream.on('data', (data) => {
			rest = Buffer.concat([rest, data]);
			while (rest.length >= 4 &&
			    rest.length >= 4 + rest.readUInt32BE(0)) {
				const end = 4 + rest.readUInt32BE(0);
				this.request(rest.subarray(4, end));
				rest = rest.subarray(end);
			}
		});
	}

	say(bytes) {
		if (this.shuffles)
			this.later(bytes);
		else
			this.send(bytes);
	}

	send(bytes) {
		if (!this.stream.destroyed && this.stream.writable)
			this.stream.write(bytes);
	}

	// What was asked, as [type, id, strings and numbers...].
	request(p) {
		let at = 5;
		const string = () => { const n = p.readUInt32BE(at); at += 4 + n;
			return p.subarray(at - n, at); };
		const number = () => { at += 4; return p.readUInt32BE(at - 4); };
		const type = NAME[p[0]], id = p.readUInt32BE(1);
		appendFileSync(`${dir}/log`, `${this.mode} ${type}\n`);
		this.shuffles = type !== 'INIT' && SLOW.test(this.mode);
		if (this.mode === `mute-${type.toLowerCase()}`)
			return;
		if (this.mode === 'breaks' && ++this.asked === 60) {
			this.client._sock.destroy();
			return;
		}
		if (this.mode === 'wrong-id' && type !== 'INIT') {
			this.say(status(id + 1000, 0));
			return;
		}
		if (this.mode === 'wrong-type' && type !== 'INIT') {
			this.say(packet(103, u32(id), str('surprise')));
			return;
		}
		if (this.mode === 'huge-answer' && type !== 'INIT') {
			this.say(u32(0x7fffffff));
			flood(this.stream, () => Buffer.alloc(4096),
				this.client);
			return;
		}
		if (this.mode === 'cut' && type !== 'INIT') {
			this.say(packet(105, u32(id), u32(1), u32(0)));
			return;
		}
		this[type](id, string, number);
		writeFileSync(`${dir}/files/.new`, Object.entries(this.files)
			.map(([n, f]) => `${n} ${f.bytes.length}\n`).sort()
			.join(''));
		renameSync(`${dir}/files/.new`, `${dir}/files/${this.mode}`);
	}

	INIT() {
		this.say(packet(2, u32(this.mode === 'version-2' ? 2 : 3),
		    ...(this.mode === 'extensions' ?
		    [str('posix-rename@openssh.com'), u32(0x7fffffff)] : []),
		    ...(this.mode === 'bad-sync' ?
			[str('fsync@openssh.com'), str('1')] : [])));
		if (this.mode === 'unasked')
			flood(this.stream, () => status(7, 0), this.client);
	}

	STAT(id, string) {
		const file = this.files[string()];
		this.say(file ? attrs(id, file.bytes.length) :
			status(id, 2, 'No such\x1b[31m file\n'));
	}

	OPEN(id, string, number) {
		const name = string().toString(), flags = number();
		if (this.mode === 'odd-status') {
			this.say(status(id, 4000000000, '\0\n'));
			return;
		}
		if (!(flags & 8) && !this.files[name]) {
			this.say(status(id, 2, ''));
			return;
		}
		// Somebody else was faster.
		if (this.mode.endsWith('between') && this.asked++ === 0)
			this.files[name] = { bytes: Buffer.alloc(0) };
		if (flags & 32 && this.files[name]) {
			this.say(status(id, 4, ''));
			return;
		}
		const file = this.files[name] ??= { bytes: Buffer.alloc(0) };
		if (flags & 16)
			file.bytes = Buffer.alloc(0);
		const handle = this.mode === 'long-handle' ? 'h'.repeat(5000) :
			`h${this.n++}`;
		this.handles[handle] = file;
		this.say(packet(102, u32(id), str(handle)));
	}

	// Held back, and answered in another order.
	later(answer) {
		this.held.unshift(answer);
		clearTimeout(this.timer);
		this.timer = setTimeout(() => {
			for (const each of this.held.splice(0))
				this.send(each);
		}, this.mode === 'shuffle' ? 5 : 100);
	}

	READ(id, string, number) {
		const file = this.handles[string()].bytes;
		const offset = number() * 2 ** 32 + number();
		let want = number();
		if (this.mode === 'awkward')
			want = Math.min(want, 10000);
		const bytes = Buffer.from(file.subarray(offset, offset + want));
		if (this.mode === 'liar-content' && offset === 0 && bytes.length)
			bytes[0] ^= 1;
		const answer = bytes.length === 0 ? status(id, 1) :
			packet(103, u32(id), this.mode === 'too-much' ?
			    str(Buffer.alloc(want + 1)) : str(bytes));
		if (this.mode === 'awkward')
			this.later(answer);
		else
			this.say(answer);
	}

	WRITE(id, string, number) {
		const file = this.handles[string()];
		const offset = number() * 2 ** 32 + number();
		const bytes = Buffer.from(string());
		// Not the first: half of each is no file of either attempt.
		if (this.mode === 'late' && offset > 0 &&
		    (late.session ??= this) === this) {
			late.writes.push(() => write(file, offset, bytes));
			return;
		}
		if (this.mode === 'full' || this.mode === 'fixed' ||
		    (this.mode === 'full-late' && offset > 0)) {
			this.say(status(id, 4, 'Disk \x07quota'));
			return;
		}
		write(file, offset, bytes);
		if (this.mode === 'awkward')
			this.later(status(id, 0));
		else
			this.say(status(id, 0));
	}

	FSTAT(id, string) {
		const { length } = this.handles[string()].bytes;
		if (this !== late.session)
			for (const held of late.writes.splice(0))
				held();
		this.say(attrs(id, this.mode === 'liar-size' ?
			length - 1 : length));
	}

	CLOSE(id, string) {
		string();
		this.say(status(id, this.mode === 'bad-close' ? 4 : 0));
	}

	REMOVE(id, string) {
		const name = string();
		if (this.mode === 'fixed') {
			this.say(status(id, 3));
			return;
		}
		this.say(status(id, this.files[name] ? 0 : 2));
		delete this.files[name];
		// And again, once or each time.
		if (this.mode === 'ever-between' ||
		    (this.mode === 'between' && this.asked++ === 1))
			this.files[name] = { bytes: Buffer.alloc(0) };
	}

	RENAME(id, string) {
		const from = string(), to = string();
		if (this.files[to]) {
			this.say(status(id, 4));
			return;
		}
		if (!this.files[from]) {
			this.say(status(id, 2));
			return;
		}
		this.files[to] = this.files[from];
		writeFileSync(`${dir}/content/${this.mode}`,
			this.files[to].bytes);
		delete this.files[from];
		if (this.mode === 'rename-dies') {
			this.client._sock.destroy();
			return;
		}
		this.say(status(id, 0));
	}

	EXTENDED(id) {
		this.say(status(id, 4));
	}

	MKDIR(id) {
		this.say(status(id, 4));
	}
}

// Those that let only one in, and hold back what they answer.
const SLOW = /^(shuffle|jealous|second-.*)$/;

// What happens instead of SFTP.
const channels = {
	'mute-channel': () => {},
	'garbage-channel': (stream, client) => flood(stream,
		() => randomBytes(4096), client),
	'stderr-channel': (stream, client) => flood(stream.stderr,
		() => Buffer.alloc(4096, 'e'), client),
	'closing-channel': (stream) => stream.end(),
	'zero-channel': (stream, client) => flood(stream,
		() => Buffer.alloc(4096), client),
};

let loved;

function serve(client) {
	let mode;
	client.on('error', () => {});
	client.on('close', () => {
		if (loved === client)
			loved = undefined;
	});
	client.on('authentication', (context) => {
		mode = context.username;
		appendFileSync(`${dir}/log`, `${mode} login\n`);
		if (mode === 'mute-login')
			return;
		// Who is in already is enough.
		const jealous = mode === 'jealous' &&
		    client !== (loved ??= client);
		if (mode === 'leaving' || jealous)
			client._sock.end();
		else if (mode === 'more-login')
			context.reject(['password'], true);
		else
			context.accept();
	});
	let sessions = 0;
	client.on('session', (accept, reject) => {
		appendFileSync(`${dir}/log`, `${mode} session ${++sessions}\n`);
		if (mode === 'mute-session' ||
		    (mode === 'second-mute' && sessions > 1))
			return;
		if (mode === 'second-ends' && sessions > 1)
			client._sock.destroy();
		if (mode === 'no-session' || (sessions > 1 &&
		    (mode === 'jealous' || mode.startsWith('second-')))) {
			reject();
			return;
		}
		accept().on('subsystem', (take, refuse) => {
			if (mode === 'mute-subsystem')
				return;
			if (mode === 'no-subsystem') {
				refuse();
				return;
			}
			const stream = take();
			stream.on('error', () => {});
			if (channels[mode])
				channels[mode](stream, client);
			else
				new Sftp(mode, stream, client);
		});
	});
}

const ports = {};
const servers = Object.entries(plain).map(([name, behave]) => [name,
	createServer((socket) => {
		socket.on('error', () => {});
		socket.on('data', () => {});
		behave(socket);
	})]);
servers.push(['ssh', new ssh2.Server({ hostKeys: [readFileSync(keyFile)] },
	serve)]);
for (const [name, server] of servers)
	await new Promise((ready) => server.listen(0, '127.0.0.1', () => {
		ports[name] = server.address().port;
		ready();
	}));
process.on('uncaughtException', (error) =>
	appendFileSync(`${dir}/log`, `${error.stack}\n`));
writeFileSync(`${dir}/ports.new`, JSON.stringify(ports));
renameSync(`${dir}/ports.new`, `${dir}/ports`);
