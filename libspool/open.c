/*
 * open - which instance and organization, and the connection to its spoold
 */
#include <sys/socket.h>
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

	client->fd = client->passed = client->said = -1;
	client->timeout = -1;
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
	return client_connect(client, &why) == 0 ? 0 :
	    error_fill(error, &why);
}

/* --- the connection ------------------------------------------------------- */

void
client_disconnect(struct libspool *client)
{
	if (client->fd != -1)
		close(client->fd);
	client->fd = -1;
	if (client->passed != -1)
		close(client->passed);
	client->passed = -1;
	buf_wipe(&client->in);
	client->in.max = CONTROL_ANSWER_MAX;
	offline_end(client);
}

/*
 * Connects to the socket in that directory: 1 with its descriptor, 0 if nobody
 * listens, -1 with *why.  A path too long for sockaddr_un is reached through
 * the open directory.
 */
static int
socket_connect(const char *directory, int *fd_r, struct why *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
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
	failed = connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1
	    ? errno : 0;
	close(dir);
	if (failed == 0) {
		*fd_r = fd;
		return 1;
	}
	close(fd);
	if (failed == ENOENT || failed == ECONNREFUSED)
		return 0;
	errno = failed;
	return why_errno(why, "connect to %s/control.sock", directory);
}

int
client_connect(struct libspool *client, struct why *why)
{
	static const struct timespec pause = { 0, OFFLINE_PAUSE * 1000000L };
	int64_t until = clock_monotonic() + OFFLINE_PATIENCE;
	int connected = client->fd != -1;

	while (connected == 0) {
		connected = socket_connect(client->conf->top_run_directory,
		    &client->fd, why);
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
		    why->number == ETIMEDOUT || clock_monotonic() > until)
			return -1;
		(void)nanosleep(&pause, NULL);
	}
	return connected == 1 ? 0 : -1;
}
