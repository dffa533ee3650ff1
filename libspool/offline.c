/*
 * offline - a spoold that is started to answer while none runs
 *
 * It takes the spool's lock, recovers, answers on a socketpair and ends with
 * it: so what is asked is done by the same code, journaled alike, with spoold
 * up or down.  It writes to a file of ours instead of stderr, so that why it
 * did not start can be said once, by who wanted it.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/control.h"

#include "libspool/client.h"

#define OFFLINE_FD 3		/* of `spoold --offline` */

/*
 * Its own session, so that Ctrl-C ends whoever started it and spoold then ends
 * in good order.  0, or the error's number.
 */
static int
program_spawn(struct libspool *client, int fd,
    posix_spawn_file_actions_t *files, posix_spawnattr_t *how)
{
	static char config[] = "-c", offline[] = "--offline";
	char *argv[] = { client->program, config, client->conf->file, offline,
		NULL };
	char **environment = offline_environment(client->conf);
	sigset_t none;
	int failed;

	(void)sigemptyset(&none);
	failed = posix_spawnattr_setsigmask(how, &none);
	if (failed == 0)
		failed = posix_spawnattr_setflags(how,
		    POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	if (failed == 0)
		failed = posix_spawn_file_actions_adddup2(files, client->said,
		    STDERR_FILENO);
	if (failed == 0)
		failed = posix_spawn_file_actions_adddup2(files, fd,
		    OFFLINE_FD);
	if (failed == 0)
		failed = posix_spawn(&client->child, client->program, files,
		    how, argv, environment);
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
	if (failed == 0)
		return 0;
	client->child = 0;
	return why_set(why, ERROR_INTERNAL_ERROR, "run %s: %s",
	    client->program, strerror(failed));
}

int
offline_start(struct libspool *client, struct why *why)
{
	struct json *status = NULL;
	int pair[2];

	client->said = memfd_create("spoold-said", MFD_CLOEXEC);
	if (client->said == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1) {
		(void)why_errno(why, "prepare for spoold --offline");
		client_disconnect(client);
		return -1;
	}
	client->fd = pair[0];
	if (program_start(client, pair[1], why) == -1) {
		close(pair[1]);
		client_disconnect(client);
		return -1;
	}
	close(pair[1]);
	/* It answers once it has recovered. */
	status = client_call(client, "server.status", NULL, why);
	if (status == NULL)
		client_disconnect(client);
	json_free(&status);
	return client->fd == -1 ? -1 : 0;
}

void
offline_end(struct libspool *client)
{
	while (client->child > 0 && waitpid(client->child, NULL, 0) == -1 &&
	    errno == EINTR)
		continue;
	client->child = 0;
	if (client->said != -1)
		close(client->said);
	client->said = -1;
}
