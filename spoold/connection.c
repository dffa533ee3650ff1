/*
 * connection - one peer of the control socket
 *
 * A connection that sends more than it may, or does not read its answers, is
 * closed; none can hold the loop up or make memory grow.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/control.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/connection.h"
#include "spoold/spoold.h"

#define REQUESTS_MAX 64		/* unanswered ones of a connection, */
#define UNREAD_MAX 65536	/* bytes of answers that wait for its peer */
#define PASSINGS_MAX 8		/* and descriptors that go with them */
#define IGNORED_MAX (16 * 1024 * 1024)	/* bytes after what was too long */

static void
passing_free(struct passing *passing)
{
	close(passing->fd);
	free(passing);
}

void
connection_free(struct connection *connection)
{
	struct request *request;
	struct passing *passing, *next;
	int fd = connection->source.fd;

	TAILQ_FOREACH_SAFE(passing, &connection->passings, entry, next)
		passing_free(passing);
	/* Whoever else holds one of its requests answers it into nothing. */
	while ((request = TAILQ_FIRST(&connection->requests)) != NULL) {
		TAILQ_REMOVE(&connection->requests, request, entry);
		request->connection = NULL;
		if (request->waits_for_job)
			request_free(request);
	}
	source_remove(connection->spoold->loop, &connection->source);
	close(fd);
	TAILQ_REMOVE(connection->all, connection, entry);
	/* There may be half a credential in them. */
	buf_wipe(&connection->in);
	buf_wipe(&connection->out);
	peer_free(&connection->peer);
	if (connection->spoold->offline)
		spoold_stop(connection->spoold, false);
	free(connection);
}

/* True if another request may be taken. */
static bool
connection_has_room(const struct connection *connection)
{
	return connection->request_count < REQUESTS_MAX &&
	    connection->passing_count < PASSINGS_MAX &&
	    connection->out.len < UNREAD_MAX;
}

/* Sets what the loop waits for; false if the connection is gone. */
static bool
connection_watch(struct connection *connection)
{
	bool room = connection_has_room(connection);
	uint32_t events = 0;
	struct why why;

	if (!connection->ended && room && !connection->more)
		events |= EPOLLIN;
	if (connection->out.len != 0 || (room && connection->more))
		events |= EPOLLOUT;
	if (connection->ended && connection->out.len == 0 &&
	    connection->request_count == 0 && !connection->more) {
		connection_free(connection);
		return false;
	}
	if (source_change(connection->spoold->loop, &connection->source,
	    events, &why) == -1) {
		log_warning("control: %s", why.text);
		connection_free(connection);
		return false;
	}
	return true;
}

/*
 * Sends what comes before the next byte with which a descriptor goes, or that
 * byte and what follows.  As send(2).
 */
static ssize_t
connection_send(struct connection *connection)
{
	struct passing *passing = TAILQ_FIRST(&connection->passings);
	union {
		char		bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr	header;
	} control = { .bytes = "" };
	struct iovec part = { connection->out.data, connection->out.len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *header;

	if (passing != NULL && passing->at > 0)
		part.iov_len = passing->at;
	else if (passing != NULL) {
		if (TAILQ_NEXT(passing, entry) != NULL)
			part.iov_len = TAILQ_NEXT(passing, entry)->at;
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &passing->fd, sizeof(int));
	}
	return sendmsg(connection->source.fd, &message,
	    MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* That much of it is gone, with the descriptor of its first byte. */
static void
connection_sent(struct connection *connection, size_t sent)
{
	struct passing *passing = TAILQ_FIRST(&connection->passings);

	if (passing != NULL && passing->at == 0) {
		TAILQ_REMOVE(&connection->passings, passing, entry);
		connection->passing_count--;
		passing_free(passing);
	}
	TAILQ_FOREACH(passing, &connection->passings, entry)
		passing->at -= sent;
	buf_consume(&connection->out, sent);
}

/* Writes what there is to write; false if the connection is gone. */
static bool
connection_flush(struct connection *connection)
{
	ssize_t sent;

	while (connection->out.len != 0) {
		sent = connection_send(connection);
		if (sent == -1 && errno == EAGAIN)
			break;
		if (sent == -1) {
			connection_free(connection);
			return false;
		}
		connection_sent(connection, (size_t)sent);
	}
	if (connection->ignored != 0 && connection->out.len == 0)
		(void)shutdown(connection->source.fd, SHUT_WR);
	return connection_watch(connection);
}

static void
passing_begin(struct connection *connection, int fd)
{
	struct passing *passing = xcalloc(1, sizeof(*passing));

	passing->fd = fd;
	passing->at = connection->out.len;
	TAILQ_INSERT_TAIL(&connection->passings, passing, entry);
	connection->passing_count++;
}

void
connection_say(struct connection *connection, struct buf *line, int fd)
{
	if (connection == NULL && fd != -1)
		close(fd);
	if (connection != NULL) {
		if (fd != -1)
			passing_begin(connection, fd);
		buf_add(&connection->out, line->data, line->len);
		if (connection->out.overflow || line->overflow) {
			log_warning("control: a peer does not read its "
			    "answers");
			connection_free(connection);
		} else
			(void)connection_flush(connection);
	}
	buf_wipe(line);
}

/* True if `connection` still is one of the server's. */
bool
connection_alive(const struct connections *all,
    const struct connection *connection)
{
	const struct connection *other;

	TAILQ_FOREACH(other, all, entry)
		if (other == connection)
			return true;
	return false;
}

/* The end of the first line that has come, or NULL. */
static char *
line_end(const struct connection *connection)
{
	return connection->in.len == 0 ? NULL :
	    memchr(connection->in.data, '\n', connection->in.len);
}

/*
 * Handles the whole lines that have come, while there is room and the turn has
 * time.  The others stay, and have their turn when one of these was answered,
 * or in the next one.
 */
static void
connection_lines(struct connection *connection)
{
	struct connections *all = connection->all;
	struct loop *loop = connection->spoold->loop;
	bool late = false;
	char *end, *line;
	size_t length;

	connection->more = true;	/* whatever is answered meanwhile */
	while (connection_alive(all, connection) &&
	    connection_has_room(connection) && !late &&
	    (end = line_end(connection)) != NULL) {
		length = (size_t)(end - connection->in.data);
		line = xstrndup(connection->in.data, length);
		buf_consume(&connection->in, length + 1);
		request_take(connection, line, length);
		explicit_bzero(line, length);
		free(line);
		late = loop_is_late(loop);
	}
	if (!connection_alive(all, connection))
		return;
	connection->more = line_end(connection) != NULL;
	if (!connection->more && connection->in.len >= CONTROL_LINE_MAX) {
		/* The rest is read, or the peer would not get the answer. */
		connection->ignored = connection->in.len;
		buf_wipe(&connection->in);
		request_too_long(connection);
		return;
	}
	(void)connection_watch(connection);
}

static void
connection_ready(void *arg, uint32_t events)
{
	struct connection *connection = arg;
	char bytes[16384];
	ssize_t got;

	if ((events & EPOLLOUT) != 0) {
		if (connection_flush(connection) && connection->more)
			connection_lines(connection);
		return;		/* what else there is comes again */
	}
	got = recv(connection->source.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (got == -1 && errno == EAGAIN)
		return;
	if (got == -1 || (got == 0 && (events & EPOLLHUP) != 0)) {
		connection_free(connection);
		return;
	}
	if (got == 0)
		connection->ended = true;
	if (connection->ignored == 0)
		buf_add(&connection->in, bytes, (size_t)got);
	else
		connection->ignored += (size_t)got;
	explicit_bzero(bytes, sizeof(bytes));
	/* Of one that has left there may come more than it has room for. */
	if (connection->ignored > IGNORED_MAX || connection->in.overflow)
		connection_free(connection);
	else
		connection_lines(connection);
}

struct connection *
connection_new(struct spoold *s, struct connections *all, int fd,
    struct why *why)
{
	struct connection *connection = xcalloc(1, sizeof(*connection));

	connection->spoold = s;
	connection->all = all;
	connection->source.ready = connection_ready;
	connection->source.arg = connection;
	connection->in.max = 2 * CONTROL_LINE_MAX;
	connection->out.max = 2 * CONTROL_ANSWER_MAX;
	TAILQ_INIT(&connection->requests);
	TAILQ_INIT(&connection->passings);
	if (peer_read(s, fd, &connection->peer, why) == -1 ||
	    source_add(s->loop, &connection->source, fd, EPOLLIN,
	    why) == -1) {
		peer_free(&connection->peer);
		free(connection);
		return NULL;
	}
	TAILQ_INSERT_TAIL(all, connection, entry);
	return connection;
}
