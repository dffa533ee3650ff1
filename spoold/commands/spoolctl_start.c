/*
 * spoolctl start - spoold in the background, or in place of the command
 *
 * spoold itself always stays in the foreground.  It gets a session of its own
 * and a pipe on which it says that it takes jobs; what it says on stderr until
 * then goes to memory of ours, so that why it did not start is reported like
 * any other error of a command.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/control.h"
#include "lib/show.h"

#include "spoold/commands/spoolctl.h"

#define READY_FD 3
#define ARGUMENTS_MAX 8
#define LOOK_EVERY 500		/* ms between two looks at the terminal */

static void
arguments_make(const struct conf *conf, const struct spoolctl *state,
    char *path, char *argv[ARGUMENTS_MAX])
{
	static char config[] = "-c", ready_fd[] = "--ready-fd",
	    ready_number[] = "3", restored[] = "--restored",
	    allow[] = "--volatile";
	int n = 0;

	argv[n++] = path;
	argv[n++] = config;
	argv[n++] = conf->file;
	if (!state->foreground) {
		argv[n++] = ready_fd;
		argv[n++] = ready_number;
	}
	if (state->restored)
		argv[n++] = restored;
	if (state->allow_volatile)
		argv[n++] = allow;
	argv[n] = NULL;
}

/* In the child; never returns. */
static void
child_exec(char *path, char *argv[], int ready, int said)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 ||
	    dup2(said, STDERR_FILENO) == -1 ||
	    (ready == READY_FD ? fcntl(ready, F_SETFD, 0) :
	    dup2(ready, READY_FD)) == -1 || setsid() == -1 ||
	    chdir("/") == -1 ||
	    /* Whoever called may have left some open. */
	    close_range(READY_FD + 1, ~0U, 0) == -1)
		_exit(error_exit_status(ERROR_INTERNAL_ERROR));
	(void)execv(path, argv);
	(void)dprintf(STDERR_FILENO, "spoold: INTERNAL_ERROR: run %s: %s\n",
	    path, strerror(errno));
	_exit(error_exit_status(ERROR_INTERNAL_ERROR));
}

/* Until it takes jobs (true) or has ended without. */
static bool
ready_wait(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	struct show_progress progress = { 0 };
	int64_t looks = 0;
	char text[16];
	ssize_t n;
	int polled;

	do {
		polled = poll(&ready, 1, LOOK_EVERY);
		if (polled == 0)
			show_progress(&progress, "recovering, seconds",
			    ++looks * LOOK_EVERY / 1000);
	} while (polled == 0 || (polled == -1 && errno == EINTR));
	show_progress_end(&progress);
	n = read(fd, text, sizeof(text));
	return n > 0;
}

/* Why the child ended: what it said last, else how. */
static int
child_failed(pid_t child, int said, struct why *why)
{
	int status = 0;

	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		continue;
	if (WIFSIGNALED(status))
		(void)why_set(why, ERROR_INTERNAL_ERROR, "spoold was ended "
		    "by signal %d (%s) before it took jobs", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		(void)why_set(why, ERROR_INTERNAL_ERROR, "spoold ended with "
		    "status %d before it took jobs", WEXITSTATUS(status));
	control_said(said, why);
	return -1;
}

/* What it said besides, for whoever wants to know more. */
static void
said_note(const struct cli *cli, int said)
{
	char text[4096], *rest = text, *line;
	ssize_t length = pread(said, text, sizeof(text) - 1, 0);

	if (length <= 0)
		return;
	text[length] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			cli_note(cli, "%s", line);
}

static int
start_background(const struct cli *cli, char *path, char *argv[],
    struct why *why)
{
	int pair[2], said, result;
	pid_t child;

	said = memfd_create("spoold-said", MFD_CLOEXEC);
	if (said == -1)
		return why_errno(why, "memfd_create");
	if (pipe2(pair, O_CLOEXEC) == -1) {
		(void)why_errno(why, "pipe");
		close(said);
		return -1;
	}
	child = fork();
	if (child == 0)
		child_exec(path, argv, pair[1], said);
	close(pair[1]);
	if (child == -1)
		result = why_errno(why, "fork");
	else
		result = ready_wait(pair[0]) ? 0 :
		    child_failed(child, said, why);
	close(pair[0]);
	said_note(cli, said);
	close(said);
	if (result == 0 && cli->json)
		(void)printf("{\"pid\":%d}\n", (int)child);
	else if (result == 0)
		cli_note(cli, "spoold takes jobs, pid %d", (int)child);
	return result;
}

int
spoolctl_start(struct cli *cli, void *arg)
{
	const struct spoolctl *state = arg;
	char path[PATH_MAX], *argv[ARGUMENTS_MAX];
	const struct conf *conf;
	struct why why;

	conf = cli_conf(cli, &why);
	if (conf == NULL ||
	    control_program("spoold", path, sizeof(path), &why) == -1)
		return cli_fail(cli, &why);
	arguments_make(conf, state, path, argv);
	if (!state->foreground)
		return start_background(cli, path, argv, &why) == -1 ?
		    cli_fail(cli, &why) : 0;
	(void)execv(path, argv);
	(void)why_errno(&why, "run %s", path);
	return cli_fail(cli, &why);
}
