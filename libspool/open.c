/*
 * open - which instance and organization, and the connection to its spoold
 */
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/control.h"
#include "lib/instance.h"
#include "lib/xalloc.h"

#include "libspool/client.h"

#define OFFLINE_PATIENCE 10000	/* ms for another one to give the lock up */
#define OFFLINE_PAUSE 100	/* ms between two tries */
#define LEFT_MAX 3600000	/* ms */

const char *
libspool_version(void)
{
	return SPOOLD_VERSION;
}

struct libspool *
libspool_open(const char *file, const char *organization,
    struct libspool_error *error)
{
	struct libspool *client = xcalloc(1, sizeof(*client));
	struct why why;

	client->fd = client->passed = client->said = client->child_fd = -1;
	client->timeout = client->until = -1;
	client->in.max = CONTROL_ANSWER_MAX;
	client->conf = instance_conf(file, &why);
	if (client->conf != NULL && organization != NULL) {
		client->organization = xstrdup(organization);
		if (conf_organization(client->conf, organization) != NULL)
			return client;
		(void)why_set(&why, ERROR_ORGANIZATION_NOT_FOUND,
		    "there is no organization %s", organization);
	} else if (client->conf != NULL)
		return client;
	(void)error_fill(error, &why);
	libspool_close(&client);
	return NULL;
}

const char *
client_organization(const struct libspool *client, struct why *why)
{
	const struct conf *conf = client->conf;

	if (client->organization != NULL)
		return client->organization;
	if (conf->organization_count == 1)
		return conf->organizations[0].id;
	(void)why_set(why, ERROR_USAGE, "%s has %zu organizations: one has to "
	    "be named", conf->file, conf->organization_count);
	return NULL;
}

void
libspool_close(struct libspool **client_p)
{
	struct libspool *client = *client_p;

	if (client == NULL)
		return;
	client_disconnect(client);
	written_abandon(client);
	spool_close(&client->spool);
	conf_free(&client->conf);
	free(client->organization);
	free(client->program);
	free(client);
	*client_p = NULL;
}

void
libspool_set_timeout(struct libspool *client, long long ms)
{
	if (client != NULL)
		client->timeout = ms < 0 ? -1 : ms;
}

void
libspool_set_offline(struct libspool *client, const char *program)
{
	if (client == NULL)
		return;
	free(client->program);
	client->program = program == NULL ? NULL : xstrdup(program);
}

int
libspool_is_offline(const struct libspool *client)
{
	return client != NULL && client->child > 0;
}

int
libspool_connect(struct libspool *client, struct libspool_error *error)
{
	struct why why;

	if (client == NULL)
		return -1;
	client_begin(client);
	return client_connect(client, &why) == 0 ? 0 :
	    error_fill(error, &why);
}

/* --- the connection ------------------------------------------------------- */

void
client_begin(struct libspool *client)
{
	client->until = client->timeout == -1 ? -1 :
	    clock_monotonic() + client->timeout;
}

int
client_left(const struct libspool *client)
{
	int64_t left;

	if (client->until == -1)
		return -1;
	left = client->until - clock_monotonic();
	return left < 0 ? 0 : left > LEFT_MAX ? LEFT_MAX : (int)left;
}

int
client_late(struct why *why)
{
	(void)why_set(why, ERROR_UNAVAILABLE,
	    "spoold has not answered in time");
	why->number = ETIMEDOUT;
	return -1;
}

void
client_disconnect(struct libspool *client)
{
	/* A child of the caller's may have the descriptor, too. */
	if (client->fd != -1) {
		(void)shutdown(client->fd, SHUT_RDWR);
		close(client->fd);
	}
	client->fd = -1;
	if (client->passed != -1)
		close(client->passed);
	client->passed = -1;
	buf_wipe(&client->in);
	client->in.max = CONTROL_ANSWER_MAX;
	offline_end(client);
}

/* A connect(2) waits for room where many wait, as long as there is time. */
static int
connect_waiting(const struct libspool *client, int fd,
    const struct sockaddr_un *address)
{
	int left = client_left(client), connected;
	struct timeval limit = { left / 1000, left % 1000 * 1000 };

	/* None at all would be for ever. */
	if (left == 0)
		limit.tv_usec = 1;
	if (left != -1 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
	    sizeof(limit)) == -1)
		return -1;
	do
		connected = connect(fd,
		    (const struct sockaddr *)(const void *)address,
		    sizeof(*address));
	while (connected == -1 && errno == EINTR && client_left(client) != 0);
	return connected;
}

/*
 * Connects to the instance's socket: 1, 0 if nobody listens, -1 with *why.  A
 * path too long for sockaddr_un is reached through the open directory.
 */
static int
socket_connect(struct libspool *client, struct why *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *directory = client->conf->top_run_directory;
	int dir, fd, failed;

	dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return errno == ENOENT ? 0
		    : why_errno(why, "open %s", directory);
	(void)snprintf(address.sun_path, sizeof(address.sun_path),
	    "/proc/self/fd/%d/control.sock", dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1) {
		(void)why_errno(why, "socket");
		close(dir);
		return -1;
	}
	failed = connect_waiting(client, fd, &address) == -1 ? errno : 0;
	close(dir);
	if (failed == 0) {
		client->fd = fd;
		return 1;
	}
	close(fd);
	if (failed == ENOENT || failed == ECONNREFUSED)
		return 0;
	if (failed == EAGAIN)
		return client_late(why);
	errno = failed;
	return why_errno(why, "connect to %s/control.sock", directory);
}

/* A while until the next try; -1 with *why if the time is up. */
static int
connect_pause(const struct libspool *client, struct why *why)
{
	int left = client_left(client);
	struct timespec pause = { 0, OFFLINE_PAUSE * 1000000L };

	if (left == 0)
		return client_late(why);
	if (left != -1 && left < OFFLINE_PAUSE)
		pause.tv_nsec = left * 1000000L;
	(void)nanosleep(&pause, NULL);
	return 0;
}

int
client_connect(struct libspool *client, struct why *why)
{
	int64_t until = clock_monotonic() + OFFLINE_PATIENCE;
	int connected = client->fd != -1;

	while (connected == 0) {
		connected = socket_connect(client, why);
		if (connected != 0)
			break;
		if (client->program == NULL)
			return why_set(why, ERROR_UNAVAILABLE, "spoold is "
			    "down; start it with spoolctl -c %s start",
			    client->conf->file);
		if (offline_start(client, why) == 0)
			return 0;
		/* The lock is another one's, or spoold is starting. */
		if (why->code != ERROR_UNAVAILABLE ||
		    why->number == ETIMEDOUT || clock_monotonic() > until ||
		    connect_pause(client, why) == -1)
			return -1;
	}
	return connected == 1 ? 0 : -1;
}
