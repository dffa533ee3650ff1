// upload_smtp.mjs - mails by SMTP, to Postfix's smtp-sink
import { Postfix } from './postfix.mjs';
import { Processes } from './processes.mjs';
import { SmtpSink } from './sink.mjs';

class Mailbox {
	constructor(mails) {
		this.mails = mails;
	}

	async open() {
		this.sink = await SmtpSink.open(this.mails);
	}

	cpu() {
		return new Processes([this.sink.pid]).cpu();
	}

	async check() {
		const { requests } = await this.sink.close();
		if (requests !== this.mails)
			throw new Error(`${requests} mails came of ` +
			    `${this.mails}`);
	}

	destination() {
		return { type: 'email', config: { email: { smtpConfig: {
			host: '127.0.0.1', port: this.sink.port,
			startTls: 'never' }, from: 'bench@bench.invalid',
		recipients: ['sink@bench.invalid'] } } };
	}

	async close() {}
}

// As a relay: from the first message that it is given to the last that its
// queue lets go of.
class Relay {
	#postfix = new Postfix();

	async open(volume, { sink }, { files }) {
		this.mails = files;
		await this.#postfix.open(volume, sink);
	}

	async run() {
		const processes = new Processes(this.#postfix.roots);
		const before = processes.cpu();
		const begin = process.hrtime.bigint();
		await this.#postfix.feed(this.mails);
		await this.#postfix.settled();
		return { ms: Number(process.hrtime.bigint() - begin) / 1e6,
			cpu: processes.cpu() - before };
	}

	close() {
		return this.#postfix.close();
	}
}

export const smtp = {
	name: 'smtp',
	files: false,
	needs: ['postfix', '/usr/sbin/smtp-source', '/usr/sbin/smtp-sink'],
	loads: ['mail'],
	Receiver: Mailbox,
	peers: { postfix: Relay },
};
