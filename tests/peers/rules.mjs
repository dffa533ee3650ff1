// rules.mjs - what a test wants to be answered otherwise
//
// DIR/rules/NAME is {"match": REGEXP of a request's line, "times": N, …}; the
// first that fits counts, N times.  What else is in it the server knows.
import fs from 'node:fs';

const used = {};

export function rule(dir, line) {
	const rules = `${dir}/rules`;

	for (const name of fs.existsSync(rules) ? fs.readdirSync(rules) : []) {
		const row = JSON.parse(fs.readFileSync(`${rules}/${name}`));

		if (!new RegExp(row.match).test(line) ||
		    (used[name] ?? 0) >= (row.times ?? Infinity))
			continue;
		used[name] = (used[name] ?? 0) + 1;
		return row;
	}
	return null;
}

// Until a rule's "wait", a file in DIR, is there.
export async function waited(dir, row) {
	while (row?.wait !== undefined && !fs.existsSync(`${dir}/${row.wait}`))
		await new Promise((resolve) => setTimeout(resolve, 20));
}

// A line of JSON for each request, in DIR/requests.
export function note(dir, what) {
	fs.appendFileSync(`${dir}/requests`, `${JSON.stringify(what)}\n`);
}

// Listens anywhere, and says where in DIR/port.
export function listen(server, dir) {
	server.listen(0, '127.0.0.1', () => {
		fs.writeFileSync(`${dir}/port.new`, `${server.address().port}`);
		fs.renameSync(`${dir}/port.new`, `${dir}/port`);
	});
}
