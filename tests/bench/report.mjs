// report.mjs - what was measured, for people
import os from 'node:os';

const RATED = ['moderate', 'idle'];	// at a rate, so for their latency

const NOTES = `\
Flushes are the device's, those for the client among them; syncs and calls were
counted under strace, in a run of its own.  Latency is from when a job was due
to be submitted, the client's own sync included, or from when it was dropped.`;

const sorted = (list) => list.toSorted((a, b) => a - b);
const quantile = (list, part) =>
	sorted(list)[Math.min(list.length - 1, Math.floor(list.length * part))];

// Of an even number, the mean of the two in the middle.
export function median(list) {
	const all = sorted(list);
	const half = (all.length - 1) / 2;
	return (all[Math.floor(half)] + all[Math.ceil(half)]) / 2;
}

export const round = (value, digits = 0) => value.toFixed(digits);

// The median, with the lowest and highest of more than one.
export function spread(list, digits = 0) {
	const [low, high] = [sorted(list)[0], sorted(list).at(-1)];
	const range = `${round(low, digits)}-${round(high, digits)}`;
	return `${round(median(list), digits)}` +
	    (list.length > 1 ? ` (${range})` : '');
}

// Rows as columns: the first two to the left, the rest to the right.
export function columns(rows) {
	const widths = rows[0].map((_, i) =>
		Math.max(...rows.map((row) => row[i].length)));
	for (const row of rows)
		console.log(row.map((cell, i) => i < 2 ?
		    cell.padEnd(widths[i]) : cell.padStart(widths[i]))
			.join('  ').trimEnd());
	console.log('');
}

// From due and from submitted until it arrived, ms.
function latencies({ drops, arrivals }) {
	const ms = (seq, from) =>
		Number(arrivals.get(seq) - from) / 1e6;
	return [...drops].map(([seq, { due, done }]) =>
		({ due: ms(seq, due), done: ms(seq, done) }));
}

export class Report {
	#taken = new Map();	// name -> kind -> {timed: [], traced}

	constructor(jobs, rounds) {
		this.jobs = jobs;
		this.rounds = rounds;
	}

	add(name, kind, taken, traced) {
		const kinds = this.#taken.get(name) ?? new Map();
		const all = kinds.get(kind) ?? { timed: [] };
		this.#taken.set(name, kinds.set(kind, all));
		if (traced)
			all.traced = taken;
		else
			all.timed.push(taken);
		console.error(`${name}, ${kind}${traced ? ', traced' : ''}: ` +
		    `${round(taken.rate)} a second, ` +
		    `${round(taken.cpu)} ms of CPU per 1,000`);
	}

	// [name, kind, all] of each that is at a rate, or of the others.
	#each(rated) {
		const found = [];
		for (const [name, kinds] of this.#taken)
			for (const [kind, all] of kinds)
				if (RATED.includes(kind) === rated)
					found.push([name, kind, all]);
		return found;
	}

	#throughput() {
		const rows = [['', '', 'jobs/s', 'CPU ms/1,000',
			'flushes/1,000', 'syncs/job', 'calls/job']];
		for (const [name, kind, { timed, traced }] of this.#each(false))
			rows.push([name, kind,
				spread(timed.map(({ rate }) => rate)),
				spread(timed.map(({ cpu }) => cpu)),
				spread(timed.map(({ flushes, count }) =>
					flushes / count * 1000)),
				round(traced.syncs / traced.count, 2),
				round(traced.calls / traced.count, 1)]);
		columns(rows);
	}

	#latency() {
		const rows = [['', '', 'p50 ms', 'p99 ms', 'p50 ms, dropped',
			'p99 ms, dropped', 'CPU ms/1,000']];
		for (const [name, kind, { timed }] of this.#each(true)) {
			const all = timed.map(latencies);
			const cell = (from, part) => spread(all.map((jobs) =>
				quantile(jobs.map((job) => job[from]), part)),
			1);
			rows.push([name, kind, cell('due', 0.5),
				cell('due', 0.99), cell('done', 0.5),
				cell('done', 0.99),
				spread(timed.map(({ cpu }) => cpu))]);
		}
		columns(rows);
	}

	// Each process's peak over all runs, MiB.
	#memory() {
		const rows = [['', 'peak MiB of each process']];
		for (const [name, kinds] of this.#taken) {
			const peaks = new Map();
			for (const { timed } of kinds.values())
				for (const [process, list] of timed.flatMap(
				    (taken) => [...taken.peaks]))
					peaks.set(process, Math.max(...list,
					    peaks.get(process) ?? 0));
			rows.push([name, [...peaks].map(([process, most]) =>
				`${process} ${round(most / 1024, 1)}`)
				.join(', ')]);
		}
		columns(rows);
	}

	#ratios() {
		const rate = (name, kind) => median(this.#taken.get(name)
			.get(kind).timed.map((taken) => taken.rate));
		const rows = [['', '', 'ratio of the medians']];
		for (const [name, kind] of this.#each(false))
			if (name !== 'spoold')
				rows.push([`spoold/${name}`, kind,
					round(rate('spoold', kind) /
					    rate(name, kind), 2)]);
		columns(rows);
	}

	print() {
		console.log(`${this.jobs} jobs of 1 KiB, ${this.rounds} ` +
		    `rounds: medians (lowest-highest); ${os.cpus().length} ` +
		    `cores, Linux ${os.release()}\n`);
		this.#throughput();
		this.#latency();
		this.#memory();
		this.#ratios();
		console.log(NOTES);
	}
}
