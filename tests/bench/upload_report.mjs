// upload_report.mjs - what uploading took, for people
import os from 'node:os';
import { columns, median, round, spread } from './report.mjs';

const OWN = ['spoold', 'drain'];
const UNSYNCED = ' unsynced';
const NOTE = `\
spoold is counted from the first drop, drain from when its destination is
enabled, each until all deliveries are on record; MB are of 1,000,000 bytes.
CPU is that of who uploads, and of who receives.  Synced: has the server sync
each file before it counts as there, as spoold does unless told otherwise; the
ratios are of what gives the same guarantee.`;

export class UploadReport {
	#taken = new Map();	// "kind load" -> name -> [taken]
	#syncing = new Map();	// kind -> those that sync each file

	constructor(rounds, loads) {
		this.rounds = rounds;
		this.loads = loads;
	}

	add(kind, load, name, taken) {
		const key = `${kind} ${load}`;
		const names = this.#taken.get(key) ?? new Map();
		this.#taken.set(key, names.set(name,
		    [...names.get(name) ?? [], taken]));
		console.error(`${key}, ${name}: ${round(taken.ms)} ms, ` +
		    `CPU ${round(taken.cpu)} and ${round(taken.received)} ms`);
	}

	// Who of a kind has each file synced; where that differs it is told.
	syncing(kind, names) {
		this.#syncing.set(kind, names);
	}

	#rates(key, taken) {
		const { files, bytes } = this.loads[key.split(' ')[1]];
		return taken.map(({ ms }) => files > 1 ? files / ms * 1e3 :
			files * bytes / ms / 1e3);
	}

	#table(key, names) {
		const { files } = this.loads[key.split(' ')[1]];
		const per = files > 1 ? 1000 / files : 1;
		const unit = files > 1 ? 'files/s' : 'MB/s';
		const rates = (name) => this.#rates(key, names.get(name));
		const syncing = this.#syncing.get(key.split(' ')[0]);
		const alike = (own, name) => syncing === undefined ||
			syncing.includes(name) ? own : own + UNSYNCED;
		const ratio = (own, name) => !names.has(own) ? '' :
			`${round(median(rates(own)) / median(rates(name)),
			    2)} x`;
		const synced = (cell) => syncing === undefined ? [] : [cell];
		const rows = [[key, '', ...synced('synced'), unit, 'CPU ms',
			'and its receiver', 'spoold is', 'drain is']];
		for (const [name, taken] of names)
			rows.push(['', name,
				...synced(syncing?.includes(name) ? 'yes' :
					'no'),
				spread(rates(name)),
				spread(taken.map(({ cpu }) => cpu * per)),
				spread(taken.map(({ received }) =>
					received * per)),
				...OWN.map((own) =>
					OWN.includes(name.replace(UNSYNCED, '')) ? '' :
					ratio(alike(own, name), name))]);
		columns(rows);
	}

	print() {
		const load = os.loadavg().map((one) => round(one, 1));
		console.log(`uploads, ${this.rounds} rounds: medians ` +
		    `(lowest-highest); ${os.cpus().length} cores, load ` +
		    `${load.join(' ')} at the end, Linux ${os.release()}\n`);
		for (const [key, names] of this.#taken)
			this.#table(key, names);
		console.log(NOTE);
	}
}
