// meeting.mjs SOCKET PID VERB ORGANIZATION TICKET GO: asks for a change of a
// ticket so that the supervisor finds the request together with, and after, the
// outcome of the attempt that is under way.  Prints what became of the ticket,
// or the code of the error.  The receiver answers when it sees the file GO,
// and removes it then.
import fs from 'node:fs';
import net from 'node:net';

const [path, pid, verb, organizationId, ticket, go] = process.argv.slice(2);
const LOOK = 20;	// ms between two looks for that file
const HEARD = 300;	// ms that the worker has to say what it was answered
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const socket = net.connect(path);
const answers = [];
let waiting;
socket.setEncoding('utf8');
socket.on('data', (text) => {
	answers.push(JSON.parse(text));
	waiting?.();
});
const ask = (request) => socket.write(`${JSON.stringify(request)}\n`);
const answer = async () => {
	if (answers.length === 0)
		await new Promise((resolve) => { waiting = resolve; });
	return answers.shift();
};

// the connection is known to it from here on
ask({ id: 1, verb: 'queue.status', organizationId });
await answer();
process.kill(Number(pid), 'SIGSTOP');
fs.writeFileSync(go, '');
while (fs.existsSync(go))
	await pause(LOOK);
// too short, and the two would only miss each other
await pause(HEARD);
ask({ id: 2, verb, organizationId, tickets: [ticket] });
process.kill(Number(pid), 'SIGCONT');
const { result, error } = await answer();
const [change] = result?.tickets ?? [];
console.log(error?.code ?? change.errorCode ?? change.status);
socket.destroy();
