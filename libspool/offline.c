/*
 * offline - a spoold that is started to answer while none runs
 *
 * It takes the spool's lock, recovers, answers on a socketpair and ends with
 * it: so what is asked is done by the same code, journaled alike, with spoold
 * up or down.  It writes to a file of ours instead of stderr, so that why it
 * did not start can be said once, by who wanted it.
 *
 * Whatever the caller does with signals, children and its first descriptors is
 * nothing to it.
 */
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/control.h"

#include "libspool/client.h"

#define OFFLINE_FD 3		/* of `spoold --offline` */
#define FIRST_FD 10		/* ours: none that it has as another */
#define END_PATIENCE 2000	/* ms for its end, where there is a timeout */

/* --- its start ------------------------------------------------------------ */

/*
 * Its own session, so that Ctrl-C ends whoever started it and spoold then ends
 * in good order.  0, or the error's number.
 */
static int
spawn_how(posix_spawnattr_t *how)
{
	sigset_t none, all;
	int failed;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	failed = posix_spawnattr_setsigmask(how, &none);
	if (failed == 0)
		failed = posix_spawnattr_setsigdefault(how, &all);
	return failed != 0 ? failed : posix_spawnattr_setflags(how,
	    POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
	    POSIX_SPAWN_SETSIGDEF);
}

static int
spawn_files(const struct libspool *client, int fd,
    posix_spawn_file_actions_t *files)
{
	int failed = posix_spawn_file_actions_addopen(files, STDIN_FILENO,
	    "/dev/null", O_RDONLY, 0);

	if (failed == 0)
		failed = posix_spawn_file_actions_addopen(files,
		    STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (failed == 0)
		failed = posix_spawn_file_actions_adddup2(files, client->said,
		    STDERR_FILENO);
	return failed != 0 ? failed :
	    posix_spawn_file_actions_adddup2(files, fd, OFFLINE_FD);
}

static int
program_spawn(struct libspool *client, int fd,
    posix_spawn_file_actions_t *files, posix_spawnattr_t *how)
{
	static char config[] = "-c", offline[] = "--offline";
	char *argv[] = { client->program, config, client->conf->file, offline,
		NULL };
	char **environment;
	int failed = spawn_how(how);

	if (failed == 0)
		failed = spawn_files(client, fd, files);
	if (failed != 0)
		return failed;
	environment = offline_environment(client->conf);
	failed = posix_spawn(&client->child, client->program, files, how, argv,
	    environment);
	free(environment);
	return failed;
}

static int
program_start(struct libspool *client, int fd, struct why *why)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	int failed = posix_spawn_file_actions_init(&files);

	if (failed == 0) {
		failed = posix_spawnattr_init(&how);
		if (failed == 0) {
			failed = program_spawn(client, fd, &files, &how);
			(void)posix_spawnattr_destroy(&how);
		}
		(void)posix_spawn_file_actions_destroy(&files);
	}
	if (failed == 0) {
		client->child_fd = pidfd_open(client->child, 0);
		return 0;
	}
	client->child = 0;
	return why_set(why, ERROR_INTERNAL_ERROR, "run %s: %s",
	    client->program, strerror(failed));
}

/* Out of the way of its first descriptors, which the caller may have closed. */
static int
fd_raise(int fd)
{
	int raised = fd == -1 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);
	int number = errno;

	if (fd != -1)
		close(fd);
	errno = number;
	return raised;
}

/* client->said and client->fd, and its end: 0, or -1 with errno. */
static int
files_open(struct libspool *client, int *end_r)
{
	int pair[2];

	client->said = fd_raise(memfd_create("spoold-said", MFD_CLOEXEC));
	if (client->said == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	client->fd = fd_raise(pair[0]);
	*end_r = fd_raise(pair[1]);
	return client->fd == -1 || *end_r == -1 ? -1 : 0;
}

int
offline_start(struct libspool *client, struct why *why)
{
	struct json *status = NULL;
	int end = -1, started;

	started = files_open(client, &end);
	if (started == -1)
		(void)why_errno(why, "prepare for spoold --offline");
	else
		started = program_start(client, end, why);
	if (end != -1)
		close(end);
	if (started == -1) {
		client_disconnect(client);
		return -1;
	}
	/* It answers once it has recovered. */
	status = client_call(client, "server.status", NULL, why);
	if (status == NULL)
		client_disconnect(client);
	json_free(&status);
	return client->fd == -1 ? -1 : 0;
}

/* --- its end -------------------------------------------------------------- */

void
offline_hurry(const struct libspool *client)
{
	if (client->child_fd != -1)
		(void)pidfd_send_signal(client->child_fd, SIGTERM, NULL, 0);
}

/* Whether it has ended; -1 ms: waits for ever. */
static bool
child_ended(const struct libspool *client, int64_t patience)
{
	struct pollfd ended = { .fd = client->child_fd, .events = POLLIN };
	int64_t until = clock_monotonic() + patience, left = patience;
	int polled;

	do {
		polled = poll(&ended, 1, (int)left);
		if (patience != -1)
			left = until - clock_monotonic();
	} while (polled == -1 && errno == EINTR &&
	    (patience == -1 || left > 0));
	return polled == 1;
}

/* The caller may have waited for all of his children, or for none, ever. */
static void
child_reap(const struct libspool *client)
{
	siginfo_t info;

	while (waitid(client->child_fd == -1 ? P_PID : P_PIDFD,
	    client->child_fd == -1 ? (id_t)client->child :
	    (id_t)client->child_fd, &info, WEXITED) == -1 && errno == EINTR)
		continue;
}

void
offline_end(struct libspool *client)
{
	int64_t patience = client->timeout == -1 ? -1 : END_PATIENCE;
	bool ended = true;

	if (client->child_fd != -1) {
		ended = child_ended(client, patience);
		if (!ended) {
			offline_hurry(client);
			ended = child_ended(client, patience);
		}
	}
	/* One that does not end has the lock still, and no connection. */
	if (client->child > 0 && ended)
		child_reap(client);
	client->child = 0;
	if (client->child_fd != -1)
		close(client->child_fd);
	client->child_fd = -1;
	if (client->said != -1)
		close(client->said);
	client->said = -1;
}
