// client.mjs - running one that submits
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const BATCH = 64;	// jobs of one durable step, for all alike

const execute = promisify(execFile);

// Runs a client that prints `SEQ DUE SUBMITTED`; Map of seq -> {due, done} ns.
export async function submit(command, ...words) {
	const { stdout } = await execute(command, words.map(String),
	    { maxBuffer: 1 << 28 });
	return new Map(stdout.trim().split('\n').map((line) => {
		const [seq, due, done] = line.split(' ');
		return [Number(seq), { due: BigInt(due), done: BigInt(done) }];
	}));
}
