/*
 * sink - a receiver that costs next to nothing, and counts
 *
 *     sink EXPECTED
 *
 * Listens on loopback, prints `port N`, answers 200 to whatever is posted and
 * tells jobs apart by their webhook-id.  Once EXPECTED different ones came it
 * prints `reached NS` (monotonic).  From a line on its standard input on, jobs
 * are on their way: if then nothing comes for a minute, it prints `stalled`.
 * At the end of its input it prints `arrived SEQ NS` for each, where SEQ is the
 * body's "seq", then `total REQUESTS DISTINCT`, and ends.
 */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX 65536	/* bytes of one request, head and body */
#define ID_MAX 47		/* characters of a webhook-id */
#define EVENTS 64
#define STALLED 60000		/* ms */

struct arrival {
	char id[ID_MAX + 1];	/* "" in an empty place of the table */
	uint64_t at;		/* monotonic ns */
	unsigned long seq;
};

struct connection {
	LIST_ENTRY(connection) link;
	int fd;
	size_t filled;
	char bytes[REQUEST_MAX + 1];
};

struct sink {
	int epoll, listener;
	struct arrival *table;	/* own, open addressing, a power of two */
	size_t size, expected, distinct, requests;
	bool awaits;		/* jobs are on their way */
	LIST_HEAD(, connection) connections;	/* own, to the end */
};

/* What of a request counts; pointers into the connection's bytes. */
struct request {
	const char *id, *body;
	size_t id_length, body_length;
};

static uint64_t
now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) == -1)
		err(1, "clock_gettime");
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* The place of an id in the table, empty if it is new. */
static struct arrival *
arrival_find(const struct sink *sink, const char *id, size_t length)
{
	uint64_t hash = 14695981039346656037U;	/* FNV-1a */
	struct arrival *place;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)id[i]) * 1099511628211U;
	for (;; hash++) {
		place = &sink->table[hash & (sink->size - 1)];
		if (place->id[0] == '\0' || (strncmp(place->id, id, length)
		    == 0 && place->id[length] == '\0'))
			return place;
	}
}

static void
request_count(struct sink *sink, const struct request *request)
{
	static const char key[] = "\"seq\":";
	struct arrival *place;
	const char *seq;

	if (request->id_length == 0 || request->id_length > ID_MAX)
		errx(1, "a request without a usable webhook-id");
	sink->requests++;
	place = arrival_find(sink, request->id, request->id_length);
	if (place->id[0] != '\0')
		return;
	if (++sink->distinct > sink->size / 2)
		errx(1, "more jobs than were ever submitted");
	memcpy(place->id, request->id, request->id_length);
	place->at = now_ns();
	seq = memmem(request->body, request->body_length, key,
	    sizeof(key) - 1);
	if (seq != NULL)
		place->seq = strtoul(seq + sizeof(key) - 1, NULL, 10);
	if (sink->distinct == sink->expected) {
		printf("reached %llu\n", (unsigned long long)place->at);
		sink->awaits = false;
	}
}

/*
 * Reads one request of `length` bytes.  How many of them it took, or 0 if it is
 * not whole yet.
 */
static size_t
request_parse(const char *bytes, size_t length, struct request *request)
{
	static const char id[] = "webhook-id:", size[] = "content-length:";
	const char *end = memmem(bytes, length, "\r\n\r\n", 4), *line = bytes;

	if (end == NULL)
		return 0;
	memset(request, 0, sizeof(*request));
	request->body = end + 4;
	for (; line < end; line = (const char *)memchr(line, '\n',
	    (size_t)(end + 2 - line)) + 1) {
		if (strncasecmp(line, size, sizeof(size) - 1) == 0) {
			request->body_length = strtoul(line +
			    sizeof(size) - 1, NULL, 10);
		} else if (strncasecmp(line, id, sizeof(id) - 1) == 0) {
			request->id = line + sizeof(id) - 1;
			request->id += strspn(request->id, " ");
			request->id_length = strcspn(request->id, "\r\n");
		}
	}
	if (request->body_length > REQUEST_MAX)
		errx(1, "a body of %zu bytes", request->body_length);
	length -= (size_t)(request->body - bytes);
	return length < request->body_length ? 0 :
	    (size_t)(request->body - bytes) + request->body_length;
}

static void
connection_close(struct connection *connection)
{
	LIST_REMOVE(connection, link);
	close(connection->fd);
	free(connection);
}

static void
connection_read(struct sink *sink, struct connection *connection)
{
	static const char answer[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	struct request request;
	size_t taken;
	ssize_t got = read(connection->fd,
	    connection->bytes + connection->filled,
	    REQUEST_MAX - connection->filled);

	if (got <= 0) {
		connection_close(connection);
		return;
	}
	connection->filled += (size_t)got;
	connection->bytes[connection->filled] = '\0';
	while ((taken = request_parse(connection->bytes, connection->filled,
	    &request)) > 0) {
		request_count(sink, &request);
		if (send(connection->fd, answer, sizeof(answer) - 1,
		    MSG_NOSIGNAL) != sizeof(answer) - 1) {
			connection_close(connection);
			return;
		}
		connection->filled -= taken;
		memmove(connection->bytes, connection->bytes + taken,
		    connection->filled + 1);
	}
	if (connection->filled == REQUEST_MAX)
		errx(1, "a request larger than %d bytes", REQUEST_MAX);
}

static void
sink_watch(const struct sink *sink, int fd, void *data)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = data };

	if (epoll_ctl(sink->epoll, EPOLL_CTL_ADD, fd, &event) == -1)
		err(1, "epoll_ctl");
}

static void
sink_accept(struct sink *sink)
{
	struct connection *connection;
	int on = 1, fd = accept4(sink->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd == -1)
		return;
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
		err(1, "TCP_NODELAY");
	connection = calloc(1, sizeof(*connection));
	if (connection == NULL)
		err(1, "a connection");
	connection->fd = fd;
	LIST_INSERT_HEAD(&sink->connections, connection, link);
	sink_watch(sink, fd, connection);
}

static void
sink_listen(struct sink *sink)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);

	sink->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sink->listener == -1 || bind(sink->listener,
	    (struct sockaddr *)&address, length) == -1 ||
	    listen(sink->listener, SOMAXCONN) == -1 ||
	    getsockname(sink->listener, (struct sockaddr *)&address,
	    &length) == -1)
		err(1, "listen");
	printf("port %d\n", ntohs(address.sin_port));
}

static void
sink_report(const struct sink *sink)
{
	for (size_t i = 0; i < sink->size; i++)
		if (sink->table[i].id[0] != '\0')
			printf("arrived %lu %llu\n", sink->table[i].seq,
			    (unsigned long long)sink->table[i].at);
	printf("total %zu %zu\n", sink->requests, sink->distinct);
	if (fflush(stdout) == EOF)
		err(1, "standard output");
}

/* False at the end of standard input. */
static bool
sink_command(struct sink *sink)
{
	char line[64];

	if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
		return false;
	sink->awaits = sink->distinct < sink->expected;
	return true;
}

/* False at the end of standard input. */
static bool
sink_turn(struct sink *sink)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(sink->epoll, events, EVENTS, STALLED);
	bool more = true;

	if (count == -1 && errno != EINTR)
		err(1, "epoll_wait");
	if (count == 0 && sink->awaits) {
		printf("stalled\n");
		sink->awaits = false;
	}
	for (int i = 0; i < count; i++) {
		void *what = events[i].data.ptr;

		if (what == stdin)
			more = sink_command(sink);
		else if (what == sink)
			sink_accept(sink);
		else
			connection_read(sink, what);
	}
	return more;
}

int
main(int argc, char *argv[])
{
	struct sink sink = { .size = 1024 };

	if (argc != 2)
		errx(64, "usage: sink EXPECTED");
	sink.expected = strtoul(argv[1], NULL, 10);
	while (sink.size < 4 * sink.expected)
		sink.size *= 2;
	LIST_INIT(&sink.connections);
	sink.table = calloc(sink.size, sizeof(*sink.table));
	sink.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (sink.table == NULL || sink.epoll == -1)
		err(1, "start");
	if (setvbuf(stdout, NULL, _IOLBF, 0) != 0)
		err(1, "standard output");
	sink_listen(&sink);
	sink_watch(&sink, sink.listener, &sink);
	sink_watch(&sink, STDIN_FILENO, stdin);
	while (sink_turn(&sink))
		continue;
	sink_report(&sink);
	free(sink.table);
	return 0;
}
