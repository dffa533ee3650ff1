/*
 * server - the control socket
 *
 * A connection that sends more than it may, or does not read its answers, is
 * closed; none can hold the loop up or make memory grow.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/control.h"
#include "lib/log.h"
#include "lib/receipt.h"
#include "lib/xalloc.h"

#include "spoold/commit.h"
#include "spoold/drop.h"
#include "spoold/organization.h"
#include "spoold/server.h"
#include "spoold/spoold.h"

#define CONNECTIONS_MAX 64
#define REQUESTS_MAX 64		/* unanswered ones of a connection */
#define DENIED_EVERY 60000	/* ms between `denied` lines */

struct connection {
	TAILQ_ENTRY(connection) entry;
	struct spoold	*spoold;	/* borrowed */
	struct source	 source;	/* its fd is own */
	struct buf	 in, out;
	uid_t		 uid;
	bool		 ended;		/* reads nothing more */
	TAILQ_HEAD(, request) requests;
	unsigned	 request_count;
};

struct server {
	struct spoold	*spoold;	/* borrowed */
	struct source	 source;	/* the listener; its fd is own */
	char		*path;		/* own; NULL when offline */
	TAILQ_HEAD(, connection) connections;
	unsigned	 count;
	int64_t		 denied_at;	/* monotonic ms of the last line */
};

static void
request_free(struct request *request)
{
	json_free(&request->json);
	buf_free(&request->id);
	free(request->by);
	free(request);
}

/* --- connections --------------------------------------------------------------- */

static void
connection_free(struct connection *connection)
{
	struct server *server = connection->spoold->server;
	struct request *request;
	int fd = connection->source.fd;

	/* Whoever else holds one of its requests answers it into nothing. */
	while ((request = TAILQ_FIRST(&connection->requests)) != NULL) {
		TAILQ_REMOVE(&connection->requests, request, entry);
		request->connection = NULL;
		if (request->waits_for_job)
			request_free(request);
	}
	source_remove(connection->spoold->loop, &connection->source);
	close(fd);
	TAILQ_REMOVE(&server->connections, connection, entry);
	server->count--;
	buf_free(&connection->in);
	buf_free(&connection->out);
	if (connection->spoold->offline)
		spoold_stop(connection->spoold, false);
	free(connection);
}

/* Sets what the loop waits for; false if the connection is gone. */
static bool
connection_watch(struct connection *connection)
{
	uint32_t events = 0;
	struct why why;

	if (!connection->ended && connection->request_count < REQUESTS_MAX)
		events |= EPOLLIN;
	if (connection->out.len != 0)
		events |= EPOLLOUT;
	if (connection->ended && connection->out.len == 0 &&
	    connection->request_count == 0) {
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

/* Writes what there is to write. */
static void
connection_flush(struct connection *connection)
{
	ssize_t sent;

	while (connection->out.len != 0) {
		sent = send(connection->source.fd, connection->out.data,
		    connection->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent == -1 && errno == EAGAIN)
			break;
		if (sent == -1) {
			connection_free(connection);
			return;
		}
		buf_consume(&connection->out, (size_t)sent);
	}
	(void)connection_watch(connection);
}

static void
connection_say(struct connection *connection, struct buf *line)
{
	if (connection != NULL) {
		buf_add(&connection->out, line->data, line->len);
		if (connection->out.overflow || line->overflow) {
			log_warning("control: a peer does not read its "
			    "answers");
			connection_free(connection);
		} else
			connection_flush(connection);
	}
	buf_wipe(line);
}

/* --- requests -------------------------------------------------------------------- */

/* Begins its answer's line; the request's connection is returned. */
static struct connection *
request_end(struct request *request, struct buf *line, bool ok)
{
	struct connection *connection = request->connection;

	json_open(line, NULL, '{');
	json_put_raw(line, "id", request->id.data, request->id.len);
	json_put_boolean(line, "ok", ok);
	if (connection != NULL) {
		TAILQ_REMOVE(&connection->requests, request, entry);
		connection->request_count--;
	}
	return connection;
}

void
request_answer(struct request *request, struct buf *result)
{
	struct buf line = { .max = CONTROL_ANSWER_MAX };
	struct connection *connection = request_end(request, &line, true);

	json_put_raw(&line, "result", result->len != 0 ? result->data : "{}",
	    result->len != 0 ? result->len : 2);
	json_close(&line, '}');
	buf_char(&line, '\n');
	buf_wipe(result);
	request_free(request);
	connection_say(connection, &line);
}

void
request_fail(struct request *request, const struct why *why)
{
	struct buf line = { .max = CONTROL_ANSWER_MAX };
	struct connection *connection = request_end(request, &line, false);

	receipt_write_error(&line, "error", why);
	json_close(&line, '}');
	buf_char(&line, '\n');
	request_free(request);
	connection_say(connection, &line);
}

const char *
request_string(const struct request *request, const char *name,
    const char *fallback)
{
	return json_string(json_get(request->json, name), fallback);
}

static const struct verb *
verb_find(const char *name)
{
	const struct verb *tables[] = { verbs_server(), verbs_delivery(),
	    verbs_destination() };

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (const struct verb *verb = tables[i]; verb->name != NULL;
		    verb++)
			if (strcmp(verb->name, name) == 0)
				return verb;
	return NULL;
}

/* Root and the owner of a private instance may do everything. */
static int
request_permit(struct request *request, const char *verb, struct why *why)
{
	struct server *server = request->spoold->server;
	uid_t uid = request->connection->uid;
	struct buf fields = { 0 };
	int64_t now = clock_monotonic();

	if (uid == 0 || uid == geteuid())
		return 0;
	if (server->denied_at == 0 || now - server->denied_at > DENIED_EVERY) {
		server->denied_at = now;
		json_put_string(&fields, "verb", verb);
		json_put_string(&fields, "by", request->by);
		(void)commit_line(request->spoold, EVENT_denied, &fields);
	}
	return why_set(why, ERROR_PERMISSION_DENIED, "%s is not for %s", verb,
	    request->by);
}

/* The organization that it names, or the only one. */
static int
request_organization(struct request *request, struct why *why)
{
	struct spoold *s = request->spoold;
	const char *id = request_string(request, "organizationId", NULL);

	if (id == NULL) {
		request->organization = TAILQ_FIRST(&s->organizations);
		if (request->organization == NULL ||
		    TAILQ_NEXT(request->organization, entry) != NULL)
			return why_field(why, "organizationId",
			    "needed, there is not one organization only");
		return 0;
	}
	request->organization = organization_find(s, id);
	if (request->organization == NULL)
		return why_set(why, ERROR_ORGANIZATION_NOT_FOUND,
		    "there is no organization %s", id);
	return 0;
}

static void
request_run(struct request *request)
{
	const char *name = request_string(request, "verb", "");
	const struct verb *verb = verb_find(name);
	struct why why;

	if (!json_is(request->json, JSON_OBJECT) || verb == NULL)
		(void)why_set(&why, ERROR_USAGE, "there is no verb \"%s\"",
		    name);
	else if (request_permit(request, name, &why) == 0 &&
	    (!verb->of_organization ||
	    request_organization(request, &why) == 0)) {
		verb->handle(request);
		return;
	}
	request_fail(request, &why);
}

static char *
peer_name(uid_t uid)
{
	struct passwd entry, *found = NULL;
	char text[4096];

	if (getpwuid_r(uid, &entry, text, sizeof(text), &found) == 0 &&
	    found != NULL)
		return xasprintf("%s (%u)", found->pw_name, (unsigned)uid);
	return xasprintf("%u", (unsigned)uid);
}

/* One line; false if the connection may be gone. */
static void
connection_line(struct connection *connection, const char *line,
    size_t length)
{
	struct request *request = xcalloc(1, sizeof(*request));
	struct why why;

	request->spoold = connection->spoold;
	request->connection = connection;
	request->by = peer_name(connection->uid);
	TAILQ_INSERT_TAIL(&connection->requests, request, entry);
	connection->request_count++;
	request->json = json_parse(line, length, &why);
	if (json_get(request->json, "id") != NULL)
		json_print(&request->id, json_get(request->json, "id"));
	else
		buf_str(&request->id, "null");
	if (request->json == NULL)
		request_fail(request, &why);
	else
		request_run(request);
}

/* True if `connection` still is one of the server's. */
static bool
connection_alive(const struct server *server,
    const struct connection *connection)
{
	const struct connection *other;

	TAILQ_FOREACH(other, &server->connections, entry)
		if (other == connection)
			return true;
	return false;
}

/* Handles the whole lines that have come. */
static void
connection_lines(struct connection *connection)
{
	struct server *server = connection->spoold->server;
	char *end, *line;
	size_t length;

	while (connection_alive(server, connection) &&
	    connection->request_count < REQUESTS_MAX &&
	    connection->in.len != 0 &&
	    (end = memchr(connection->in.data, '\n',
	    connection->in.len)) != NULL) {
		length = (size_t)(end - connection->in.data);
		line = xstrndup(connection->in.data, length);
		buf_consume(&connection->in, length + 1);
		connection_line(connection, line, length);
		explicit_bzero(line, length);
		free(line);
	}
	if (!connection_alive(server, connection))
		return;
	if (connection->in.len >= CONTROL_LINE_MAX) {
		log_warning("control: a request is longer than %d bytes",
		    CONTROL_LINE_MAX);
		connection_free(connection);
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
		connection_flush(connection);
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
	buf_add(&connection->in, bytes, (size_t)got);
	explicit_bzero(bytes, sizeof(bytes));
	connection_lines(connection);
}

/* --- the listener --------------------------------------------------------------- */

static int
server_adopt(struct server *server, int fd, struct why *why)
{
	struct connection *connection = xcalloc(1, sizeof(*connection));
	socklen_t length = sizeof(struct ucred);
	struct ucred peer;

	connection->spoold = server->spoold;
	connection->source.ready = connection_ready;
	connection->source.arg = connection;
	connection->in.max = 2 * CONTROL_LINE_MAX;
	connection->out.max = 2 * CONTROL_ANSWER_MAX;
	TAILQ_INIT(&connection->requests);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == -1) {
		free(connection);
		return why_errno(why, "SO_PEERCRED");
	}
	connection->uid = peer.uid;
	if (source_add(server->spoold->loop, &connection->source, fd, EPOLLIN,
	    why) == -1) {
		free(connection);
		return -1;
	}
	TAILQ_INSERT_TAIL(&server->connections, connection, entry);
	server->count++;
	return 0;
}

static void
server_ready(void *arg, uint32_t events)
{
	struct server *server = arg;
	struct why why;
	int fd;

	(void)events;
	fd = accept4(server->source.fd, NULL, NULL,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd == -1) {
		if (errno != EAGAIN && errno != ECONNABORTED)
			log_warning("control: accept: %s", strerror(errno));
		return;
	}
	if (server->count >= CONNECTIONS_MAX ||
	    server_adopt(server, fd, &why) == -1)
		close(fd);
}

static struct server *
server_alloc(struct spoold *s)
{
	struct server *server = xcalloc(1, sizeof(*server));

	server->spoold = s;
	server->source.ready = server_ready;
	server->source.arg = server;
	server->source.fd = -1;
	TAILQ_INIT(&server->connections);
	s->server = server;
	return server;
}

/* The lock is held, so a socket that is there is a dead one's. */
static int
server_listen(struct server *server, struct why *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(server->path) >= sizeof(address.sun_path))
		return why_set(why, ERROR_CONFIG_ERROR, "%s is longer than a "
		    "socket's path may be: choose a shorter run_directory",
		    server->path);
	memcpy(address.sun_path, server->path, strlen(server->path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return why_errno(why, "socket");
	(void)unlink(server->path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    chmod(server->path, 0600) == -1 || listen(fd, 64) == -1) {
		why_errno(why, "listen at %s", server->path);
		close(fd);
		return -1;
	}
	if (source_add(server->spoold->loop, &server->source, fd, EPOLLIN,
	    why) == -1) {
		close(fd);
		return -1;
	}
	return 0;
}

struct server *
server_new(struct spoold *s, struct why *why)
{
	struct server *server = server_alloc(s);

	server->path = xasprintf("%s/control.sock",
	    s->conf->top_run_directory);
	if (server_listen(server, why) == -1)
		return NULL;
	return server;
}

struct server *
server_new_offline(struct spoold *s, int fd, struct why *why)
{
	struct server *server = server_alloc(s);

	return server_adopt(server, fd, why) == -1 ? NULL : server;
}

void
server_free(struct server **server)
{
	struct connection *connection;

	if (*server == NULL)
		return;
	while ((connection = TAILQ_FIRST(&(*server)->connections)) != NULL)
		connection_free(connection);
	if ((*server)->source.fd != -1)
		close((*server)->source.fd);
	if ((*server)->path != NULL && unlink((*server)->path) == -1)
		log_warning("control: unlink %s: %s", (*server)->path,
		    strerror(errno));
	free((*server)->path);
	free(*server);
	*server = NULL;
}

/* --- whoever waits ----------------------------------------------------------------- */

void
server_tell(struct spoold *s, struct organization *org, const struct id *id,
    const struct buf *receipt, bool finished)
{
	struct connection *connection, *next;
	struct request *request, *after;
	struct buf result;

	if (!finished || s->server == NULL)
		return;
	TAILQ_FOREACH_SAFE(connection, &s->server->connections, entry, next)
		TAILQ_FOREACH_SAFE(request, &connection->requests, entry,
		    after) {
			if (!request->waits_for_job ||
			    request->organization != org ||
			    id_compare(&request->job, id) != 0)
				continue;
			result = (struct buf) { 0 };
			buf_add(&result, receipt->data, receipt->len);
			request_answer(request, &result);
			if (!connection_alive(s->server, connection))
				break;
		}
}
