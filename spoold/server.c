/*
 * server - the control socket: who listens, and who waits for a job
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/instance.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/connection.h"
#include "spoold/organization.h"
#include "spoold/server.h"
#include "spoold/spoold.h"

#define CONNECTIONS_MAX 64

struct server {
	struct spoold	*spoold;	/* borrowed */
	struct source	 source;	/* the listener; its fd is own */
	char		*path;		/* own; NULL when offline */
	struct connections connections;
};

static void
server_ready(void *arg, uint32_t events)
{
	struct server *server = arg;
	struct connection *connection;
	struct why why;
	int fd, count = 0;

	(void)events;
	fd = accept4(server->source.fd, NULL, NULL,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd == -1) {
		if (errno != EAGAIN && errno != ECONNABORTED)
			log_warning("control: accept: %s", strerror(errno));
		return;
	}
	TAILQ_FOREACH(connection, &server->connections, entry)
		count++;
	if (count >= CONNECTIONS_MAX || connection_new(server->spoold,
	    &server->connections, fd, &why) == NULL)
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

/* In the system's instance who asks is told apart by the kernel's word. */
static mode_t
server_mode(const struct server *server)
{
	return instance_is_shared(server->spoold->conf) ? 0666 : 0600;
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
	/* What is below /run is gone after each boot. */
	if (mkdir(server->spoold->conf->top_run_directory, 0700) == -1 &&
	    errno != EEXIST) {
		why_errno(why, "create directory %s",
		    server->spoold->conf->top_run_directory);
		close(fd);
		return -1;
	}
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    chmod(server->path, server_mode(server)) == -1 ||
	    listen(fd, 64) == -1) {
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

	return connection_new(s, &server->connections, fd, why) == NULL ?
	    NULL : server;
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

/* --- whoever waits -------------------------------------------------------- */

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
			if (!connection_alive(&s->server->connections,
			    connection))
				break;
		}
}
