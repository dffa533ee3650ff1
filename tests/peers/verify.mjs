// verify.mjs SINK_DIR SECRET [PATH]: judges every request that the receiver of
// the system tests kept (with its body), or those for PATH.  Prints a line
// each: id, path and what the judges say; exit status 1 if one of them says no
// to any, or nothing came.
import fs from 'node:fs';
import { judge, judges } from './judges.mjs';

const [dir, secret, path] = process.argv.slice(2);
const all = Object.entries(judges(secret));

let good = 0;
let bad = 0;
for (const line of fs.readFileSync(`${dir}/requests`, 'utf8').split('\n')) {
	if (line === '')
		continue;
	const request = JSON.parse(line);
	if (path !== undefined && request.path !== path)
		continue;
	const body = fs.readFileSync(`${dir}/bodies/${request.n}`, 'utf8');
	const said = all.map(([name, one]) =>
		`${name} ${judge(one, body, request.headers)}`);
	if (said.every((one) => one.endsWith(' ok')))
		good++;
	else
		bad++;
	console.log(`${request.id} ${request.path} ${said.join(', ')}`);
}
process.exit(good > 0 && bad === 0 ? 0 : 1);
