/*
 * control - asking spoold for something, whether it runs or not
 *
 * libspool asks; here is what only a command does.  `spoold --offline`
 * writes to a file of ours instead of stderr, so that why it did not start can
 * be said once, by the command that wanted it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/control.h"
#include "lib/xalloc.h"

#include "libspool/client.h"

#define CONTROL_FD 3		/* of `spoold --offline` */
#define CONTROL_PATIENCE 10000	/* ms for another command to give the lock up */
#define CONTROL_PAUSE 100	/* ms between two tries */

struct control {
	struct libspool	*client;	/* own */
	pid_t		 child;		/* `spoold --offline`, or 0 */
	int		 said;		/* its stderr, or -1 */
};

static struct control *
control_new(int fd)
{
	struct control *control = xcalloc(1, sizeof(*control));

	control->client = client_new(fd);
	control->said = -1;
	return control;
}

void
control_close(struct control **control_p)
{
	struct control *control = *control_p;

	if (control == NULL)
		return;
	libspool_close(&control->client);
	if (control->child > 0)
		while (waitpid(control->child, NULL, 0) == -1 &&
		    errno == EINTR)
			continue;
	if (control->said != -1)
		close(control->said);
	free(control);
	*control_p = NULL;
}

bool
control_is_offline(const struct control *control)
{
	return control->child > 0;
}

/*
 * In the child: never returns.  Its own session, so that Ctrl-C ends the
 * command and spoold then ends in good order.
 */
static void
offline_exec(const char *program, const char *file, int fd, int said)
{
	if (setsid() == -1 || dup2(said, STDERR_FILENO) == -1)
		_exit(70);
	if (fd == CONTROL_FD ? fcntl(fd, F_SETFD, 0) == -1
	    : dup2(fd, CONTROL_FD) == -1)
		_exit(70);
	(void)execl(program, program, "-c", file, "--offline", (char *)NULL);
	(void)dprintf(STDERR_FILENO, "spoold: INTERNAL_ERROR: run %s: %s\n",
	    program, strerror(errno));
	_exit(70);
}

static struct control *
offline_start(const struct conf *conf, struct why *why)
{
	char program[4096];
	struct control *control;
	int pair[2], said;

	if (control_program("spoold", program, sizeof(program), why) == -1)
		return NULL;
	said = memfd_create("spoold-said", MFD_CLOEXEC);
	if (said == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1) {
		(void)why_errno(why, "prepare for spoold --offline");
		if (said != -1)
			close(said);
		return NULL;
	}
	control = control_new(pair[0]);
	control->said = said;
	control->child = fork();
	if (control->child == 0)
		offline_exec(program, conf->file, pair[1], said);
	close(pair[1]);
	if (control->child == -1) {
		(void)why_errno(why, "fork");
		control_close(&control);
	}
	return control;
}

int
control_said(int said, struct why *why)
{
	char text[4096], *line, *colon, *end;
	ssize_t length = pread(said, text, sizeof(text) - 1, 0);

	text[length > 0 ? length : 0] = '\0';
	line = strstr(text, "spoold: ");
	if (line == NULL)
		return -1;
	line += strlen("spoold: ");
	if ((end = strchr(line, '\n')) != NULL)
		*end = '\0';
	colon = strstr(line, ": ");
	if (colon == NULL)
		return -1;
	*colon = '\0';
	return error_by_name(line) == ERROR_NONE ? -1
	    : why_set(why, error_by_name(line), "%s", colon + 2);
}

/* A spoold of ours that went away may have said why. */
static struct json *
answered(const struct control *control, struct json *result, struct why *why)
{
	if (result == NULL && why->number == ECONNRESET && control->said != -1)
		(void)control_said(control->said, why);
	return result;
}

struct json *
control_wait(struct control *control, int64_t timeout, struct why *why)
{
	return answered(control, client_wait(control->client, timeout, why),
	    why);
}

struct json *
control_call(struct control *control, const char *verb,
    const struct buf *arguments, int64_t timeout, struct why *why)
{
	return answered(control, client_call(control->client, verb, arguments,
	    timeout, why), why);
}

int
control_descriptor(struct control *control)
{
	int fd = control->client->passed;

	control->client->passed = -1;
	return fd;
}

int
control_error(const struct json *error, struct why *why)
{
	return client_error(error, why);
}

/* Starts spoold --offline and waits until it has recovered. */
static struct control *
offline_open(const struct conf *conf, struct why *why)
{
	struct control *control = offline_start(conf, why);
	struct json *status;

	if (control == NULL)
		return NULL;
	status = control_call(control, "server.status", NULL, -1, why);
	if (status == NULL)
		control_close(&control);
	json_free(&status);
	return control;
}

struct control *
control_open(const struct conf *conf, enum control_mode mode, struct why *why)
{
	static const struct timespec pause = { 0, CONTROL_PAUSE * 1000000L };
	int64_t until = clock_monotonic() + CONTROL_PATIENCE;
	struct control *control;
	int fd = -1, connected;

	for (;;) {
		connected = client_connect(conf->top_run_directory, &fd, why);
		if (connected == 1)
			return control_new(fd);
		if (connected == -1)
			return NULL;
		if (mode == CONTROL_ONLINE) {
			(void)why_set(why, ERROR_UNAVAILABLE,
			    "spoold is down; start it with spoolctl -c %s "
			    "start", conf->file);
			return NULL;
		}
		control = offline_open(conf, why);
		/* The lock is another command's, or spoold is starting. */
		if (control != NULL || why->code != ERROR_UNAVAILABLE ||
		    clock_monotonic() > until)
			return control;
		(void)nanosleep(&pause, NULL);
	}
}
