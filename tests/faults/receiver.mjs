// receiver.mjs - the receiver of the fault tests, within their own process, so
// that what it has seen outlives whatever is killed or cut off
//
// Paths are /RUN/DESTINATION; what a destination answers is its name's prefix:
//
//   ok      200
//   flaky   503 the first time that it sees an id, then 200
//   bad     400
//   slow    200 after 30 ms
//   hang    nothing, ever
//   stuck   nothing, ever, the first time that it sees an id, then 200
import http from 'node:http';

export class Receiver {
	#server = http.createServer((request, response) => {
		request.resume();
		request.on('end', () => this.#take(request, response));
		request.on('error', () => {});
		response.on('error', () => {});
	});
	#runs = new Map();	// run -> Map of "id destination" -> counts

	async listen() {
		this.#server.keepAliveTimeout = 60000;
		await new Promise((done) =>
			this.#server.listen(0, '127.0.0.1', done));
		this.port = this.#server.address().port;
	}

	close() {
		this.#server.closeAllConnections();
		this.#server.close();
	}

	url(run, destination) {
		return `http://127.0.0.1:${this.port}/${run}/${destination}`;
	}

	forget(run) {
		this.#runs.delete(run);
	}

	// How often a ticket's request came whole, and was answered with 200.
	seen(run, id, destination) {
		return this.#runs.get(run)?.get(`${id} ${destination}`) ??
		    { requests: 0, taken: 0 };
	}

	// Each "id destination" that came.
	all(run) {
		return this.#runs.get(run) ?? new Map();
	}

	#take(request, response) {
		const [, run, destination] = request.url.split('/');
		const key = `${request.headers['webhook-id']} ${destination}`;
		if (!this.#runs.has(run))
			this.#runs.set(run, new Map());
		const tickets = this.#runs.get(run);
		const counts = tickets.get(key) ?? { requests: 0, taken: 0 };
		tickets.set(key, counts);
		const first = counts.requests++ === 0;
		const status = this.#status(destination, first);
		if (status === 0)
			return;
		if (status === 200)
			counts.taken++;
		response.statusCode = status;
		const wait = destination.startsWith('slow') ? 30 : 0;
		setTimeout(() => response.end(), wait);
	}

	#status(destination, first) {
		if (destination.startsWith('bad'))
			return 400;
		if (destination.startsWith('flaky') && first)
			return 503;
		if (destination.startsWith('stuck') && first)
			return 0;
		if (destination.startsWith('hang'))
			return 0;
		return 200;
	}
}
