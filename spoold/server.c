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

#include "lib/clock.h"
#include "lib/instance.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/connection.h"
#include "spoold/organization.h"
#include "spoold/server.h"
#include "spoold/spoold.h"

#define CONNECTIONS_MAX 256
#define GUESTS_MAX 192		/* of who does not own the instance, */
#define GUEST_MAX 32		/* and of each user */
#define ACCEPT_AGAIN 1000	/* ms after there was no descriptor for one */

struct server {
	struct spoold	*spoold;	/* borrowed */
	struct source	 source;	/* the listener; its fd is own */
	struct timer	 again;		/* listens again */
	char		*path;		/* own; NULL when offline */
	struct connections connections;
};

/* Nobody takes the room of others: they are too many, it goes. */
static bool
server_is_full(const struct server *server, const struct peer *peer)
{
	const struct connection *connection;
	int all = 0, guests = 0, same = 0;

	TAILQ_FOREACH(connection, &server->connections, entry) {
		all++;
		guests += !connection->peer.owner;
		same += connection->peer.uid == peer->uid;
	}
	return all > CONNECTIONS_MAX || (!peer->owner &&
	    (guests > GUESTS_MAX || same > GUEST_MAX));
}

/* Whether the loop waits for who connects. */
static void
server_watch(struct server *server, bool watch)
{
	struct why why;

	if (source_change(server->spoold->loop, &server->source,
	    watch ? EPOLLIN : 0, &why) == -1)
		log_warning("control: %s", why.text);
}

static void
server_again(void *arg)
{
	server_watch(arg, true);
}

/* Who waits stays in the kernel's queue; the others end meanwhile. */
static void
server_cannot_accept(struct server *server)
{
	log_warning("control: accept: %s; again in a second", strerror(errno));
	server_watch(server, false);
	timer_set(server->spoold->loop, &server->again,
	    clock_monotonic() + ACCEPT_AGAIN);
}

static void
server_ready(void *arg, uint32_t events)
{
	struct server *server = arg;
	struct connection *connection;
	struct why why;
	int fd;

	(void)events;
	fd = accept4(server->source.fd, NULL, NULL,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd == -1) {
		if (errno != EAGAIN && errno != ECONNABORTED)
			server_cannot_accept(server);
		return;
	}
	connection = connection_new(server->spoold, &server->connections, fd,
	    &why);
	if (connection == NULL)
		close(fd);
	else if (server_is_full(server, &connection->peer))
		connection_free(connection);
}

static struct server *
server_alloc(struct spoold *s)
{
	struct server *server = xcalloc(1, sizeof(*server));

	server->spoold = s;
	server->source.ready = server_ready;
	server->source.arg = server;
	server->source.fd = -1;
	server->again.fire = server_again;
	server->again.arg = server;
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
	/* What is below /run is gone after each boot. */
	if (mkdir(server->spoold->conf->top_run_directory, 0700) == -1 &&
	    errno != EEXIST) {
		why_errno(why, "create directory %s",
		    server->spoold->conf->top_run_directory);
		close(fd);
		return -1;
	}
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

/*
 * What somebody may is decided by what he asks, so that each refusal is on
 * record: the socket itself is open to all in the system's instance, and where
 * there are roles.  Elsewhere nobody has any business here but the owner.
 */
void
server_open(struct spoold *s)
{
	const char *directory = s->conf->top_run_directory;
	bool open = instance_is_shared(s->conf) || roles_are_given(s);
	struct stat stat;

	if (s->server == NULL || s->server->path == NULL)
		return;
	if (chmod(s->server->path, open ? 0666 : 0600) == -1)
		log_warning("control: chmod %s: %s", s->server->path,
		    strerror(errno));
	if (!open || (lstat(directory, &stat) == 0 &&
	    (stat.st_mode & S_IXOTH) != 0))
		return;
	if (chmod(directory, 0711) == -1)
		log_warning("control: who has a role cannot reach %s: chmod "
		    "%s: %s", s->server->path, directory, strerror(errno));
}

struct server *
server_new(struct spoold *s, struct why *why)
{
	struct server *server = server_alloc(s);

	server->path = xasprintf("%s/control.sock",
	    s->conf->top_run_directory);
	if (server_listen(server, why) == -1)
		return NULL;
	server_open(s);
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
	timer_clear((*server)->spoold->loop, &(*server)->again);
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
