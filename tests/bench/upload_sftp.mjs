// upload_sftp.mjs - files by SFTP, to OpenSSH's server
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { BUILD, eventually } from '../faults/instance.mjs';
import { Processes, launch } from './processes.mjs';
import { freePort, listens } from './sink.mjs';

const configuration = ({ port, path }) => `
Port ${port}
ListenAddress 127.0.0.1
HostKey ${path}/host
AuthorizedKeysFile ${path}/user.pub
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
PidFile none
LogLevel FATAL
MaxStartups 100
Subsystem sftp internal-sftp
ForceCommand internal-sftp -d ${path}/files
`;

class Sshd {
	async open(volume) {
		this.path = `${volume}/sshd`;
		this.user = os.userInfo().username;
		fs.mkdirSync(`${this.path}/files`, { recursive: true });
		fs.mkdirSync('/run/sshd', { recursive: true });
		for (const name of ['host', 'user'])
			execFileSync('ssh-keygen', ['-q', '-t', 'ed25519',
				'-N', '', '-C', '', '-f',
				`${this.path}/${name}`]);
		this.port = await freePort();
		const host = fs.readFileSync(`${this.path}/host.pub`,
		    'utf8');
		this.known = `[127.0.0.1]:${this.port} ${host}`;
		fs.writeFileSync(`${this.path}/known`, this.known);
		fs.writeFileSync(`${this.path}/config`, configuration(this));
		this.child = launch('/usr/sbin/sshd', ['-D', '-e', '-f',
			`${this.path}/config`], { stdio: 'inherit' });
		await eventually('sshd listens', () => listens(this.port));
	}

	cpu() {
		return new Processes([this.child.pid]).cpu();
	}

	// Each under its own name, whole.
	async check(sources) {
		const files = `${this.path}/files`;
		const wanted = sources.names();
		const there = fs.readdirSync(files).sort();
		if (there.join() !== wanted.join() || there.some((name) =>
			fs.statSync(`${files}/${name}`).size !== sources.bytes))
			throw new Error('files did not come whole');
	}

	destination() {
		return { type: 'sftp', config: { sftp: { host: '127.0.0.1',
			port: this.port, username: this.user,
			hostKey: this.known.trim().split(' ').slice(1)
				.join(' '),
			privateKey: fs.readFileSync(`${this.path}/user`,
			    'utf8') } } };
	}

	// What every command of OpenSSH's is told.
	options() {
		return ['-F', 'none', '-i', `${this.path}/user`, '-o',
			`UserKnownHostsFile=${this.path}/known`, '-o',
			'Ciphers=aes128-gcm@openssh.com'];
	}

	async close() {
		const gone = new Promise((done) =>
			this.child.on('exit', done));
		this.child.kill();
		await gone;
	}
}

const batch = (...flags) => (sshd, { path }) => {
	fs.writeFileSync(`${sshd.path}/batch`, `put ${path}/*\n`);
	return { command: 'sftp', words: ['-q', ...flags, ...sshd.options(),
		'-P', sshd.port, '-b', `${sshd.path}/batch`,
		`${sshd.user}@127.0.0.1`] };
};

export const sftp = {
	name: 'sftp',
	files: true,
	needs: ['sftp', 'lftp', 'rclone', '/usr/sbin/sshd', 'ssh-keygen'],
	loads: ['small', 'large'],
	Receiver: Sshd,
	synced: ['spoold', 'drain', 'sftp -f'],
	unsynced: { fsync: false },
	peers: {
		sftp: batch(),
		'sftp -f': batch('-f'),
		lftp: (sshd, { path }) => ({ command: 'lftp', words: ['-c',
			`set sftp:connect-program "ssh -a -x ${
				sshd.options().join(' ')}"; ` +
			`open -u ${sshd.user},none -p ${sshd.port} ` +
			`sftp://127.0.0.1; mput -P 4 ${path}/*`] }),
		rclone: (sshd, { path }) => ({ command: 'rclone', words: [
			'copy', '--config', '', '--transfers', '8',
			'--sftp-disable-hashcheck', '--sftp-host', '127.0.0.1',
			'--sftp-port', sshd.port, '--sftp-user', sshd.user,
			'--sftp-key-file', `${sshd.path}/user`, path,
			':sftp:'] }),
		library: (sshd, { path }) => ({
			command: `${BUILD}/bench/sftp_writer`,
			words: [sshd.port, sshd.user, `${sshd.path}/user`,
				path] }),
	},
};
