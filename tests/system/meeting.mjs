// meeting.mjs SOCKET PID VERB ORGANIZATION TICKET: asks for a change of a
// ticket so that the supervisor finds the request together with, and after, the
// outcome of the attempt that is under way.  Prints what became of the ticket, or the
// code of the error.
import net from 'node:net';

const [path, pid, verb, organizationId, ticket] = process.argv.slice(2);
const ANSWERED = 1500;	// ms; more than the receiver takes for its answer
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
// too short, and the two would only miss each other
await new Promise((resolve) => setTimeout(resolve, ANSWERED));
ask({ id: 2, verb, organizationId, tickets: [ticket] });
process.kill(Number(pid), 'SIGCONT');
const { result, error } = await answer();
const [change] = result?.tickets ?? [];
console.log(error?.code ?? change.errorCode ?? change.status);
socket.destroy();
