/*
 * spoolctl start, stop, reload, status - spoold as a process
 *
 * spoold itself stays in the foreground; start makes it a daemon and waits
 * until it says that it takes jobs, or has ended with an error on stderr.
 */
#include <sys/file.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/show.h"
#include "lib/xalloc.h"

#include "spoold/commands/spoolctl.h"

#define READY_FD 3
#define STATUS_DOWN 2
#define ARGUMENTS_MAX 8

/* The lock that a running spoold holds: 1 if one does, 0 if not, or -1. */
static int
is_running(const struct conf *conf, struct why *why)
{
	char *path = xasprintf("%s/.lock", conf->top_spool_directory);
	int fd = open(path, O_RDONLY | O_CLOEXEC), result = 0;

	free(path);
	if (fd == -1)
		return errno == ENOENT ? 0 :
		    why_errno(why, "%s/.lock", conf->top_spool_directory);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		result = errno == EWOULDBLOCK ? 1 : why_errno(why, "flock");
	close(fd);
	return result;
}

/* --- start ------------------------------------------------------------------ */

static void
spoold_arguments(const struct conf *conf, const struct spoolctl *state,
    char *path, bool ready, char *argv[ARGUMENTS_MAX])
{
	static char config[] = "-c", ready_fd[] = "--ready-fd=3",
	    restored[] = "--restored", allow[] = "--volatile";
	int n = 0;

	argv[n++] = path;
	argv[n++] = config;
	argv[n++] = conf->file;
	if (ready)
		argv[n++] = ready_fd;
	if (state->restored)
		argv[n++] = restored;
	if (state->allow_volatile)
		argv[n++] = allow;
	argv[n] = NULL;
}

/* In the child: a session of its own, the pipe at its place. */
static void
become_spoold(char *path, char *argv[], int pipe_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (setsid() == -1 || null == -1 ||
	    dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 ||
	    (pipe_fd != READY_FD && dup2(pipe_fd, READY_FD) == -1) ||
	    fcntl(READY_FD, F_SETFD, 0) == -1 ||
	    close_range(READY_FD + 1, ~0U, 0) == -1)
		_exit(error_exit_status(ERROR_INTERNAL_ERROR));
	(void)execv(path, argv);
	_exit(error_exit_status(ERROR_INTERNAL_ERROR));
}

/* Waits for "ready\n" or the child's end.  0, or its exit status. */
static int
wait_ready(int fd, pid_t child)
{
	char text[16];
	ssize_t got;
	int status;

	while ((got = read(fd, text, sizeof(text))) == -1 && errno == EINTR)
		;
	if (got > 0)
		return 0;
	if (waitpid(child, &status, 0) == -1 || !WIFEXITED(status))
		return error_exit_status(ERROR_INTERNAL_ERROR);
	return WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) :
	    error_exit_status(ERROR_INTERNAL_ERROR);
}

int
spoolctl_start(struct cli *cli, void *arg)
{
	const struct spoolctl *state = arg;
	char path[PATH_MAX], *argv[ARGUMENTS_MAX];
	const struct conf *conf;
	struct why why;
	int pair[2], running, status;
	pid_t child;

	conf = cli_conf(cli, &why);
	if (conf == NULL ||
	    control_program("spoold", path, sizeof(path), &why) == -1 ||
	    (running = is_running(conf, &why)) == -1)
		return cli_fail(cli, &why);
	if (running == 1) {
		(void)why_set(&why, ERROR_CONFLICT, "spoold runs already");
		return cli_fail(cli, &why);
	}
	spoold_arguments(conf, state, path, !state->foreground, argv);
	if (state->foreground) {
		(void)execv(path, argv);
		(void)why_errno(&why, "start %s", path);
		return cli_fail(cli, &why);
	}
	if (pipe2(pair, O_CLOEXEC) == -1 || (child = fork()) == -1) {
		(void)why_errno(&why, "start %s", path);
		return cli_fail(cli, &why);
	}
	if (child == 0)
		become_spoold(path, argv, pair[1]);
	close(pair[1]);
	status = wait_ready(pair[0], child);
	close(pair[0]);
	if (status == 0)
		cli_note(cli, "spoold takes jobs, pid %d", (int)child);
	return status;
}

/* --- stop --------------------------------------------------------------------- */

/* Until the lock is free: then the process has ended. */
static int
wait_ended(const struct conf *conf, struct why *why)
{
	char *path = xasprintf("%s/.lock", conf->top_spool_directory);
	int fd = open(path, O_RDONLY | O_CLOEXEC), result = 0;

	if (fd == -1 || flock(fd, LOCK_EX) == -1)
		result = why_errno(why, "wait for %s", path);
	if (fd != -1)
		close(fd);
	free(path);
	return result;
}

int
spoolctl_stop(struct cli *cli, void *arg)
{
	const struct spoolctl *state = arg;
	struct buf arguments = { 0 };
	const struct conf *conf;
	struct json *result;
	struct why why;

	conf = cli_conf(cli, &why);
	if (conf == NULL || cli_connect(cli, CONTROL_ONLINE, &why) == -1)
		return cli_fail(cli, &why);
	json_put_boolean(&arguments, "now", state->now);
	result = cli_ask(cli, "server.stop", &arguments, -1, &why);
	buf_free(&arguments);
	if (result == NULL)
		return cli_fail(cli, &why);
	json_free(&result);
	return wait_ended(conf, &why) == -1 ? cli_fail(cli, &why) : 0;
}

/* --- reload --------------------------------------------------------------------- */

int
spoolctl_reload(struct cli *cli, void *arg)
{
	const struct json *change;
	struct json *result;
	struct why why;

	(void)arg;
	if (cli_connect(cli, CONTROL_ONLINE, &why) == -1)
		return cli_fail(cli, &why);
	result = cli_ask(cli, "config.reload", NULL, -1, &why);
	if (result == NULL)
		return cli_fail(cli, &why);
	if (cli->json) {
		struct buf line = { 0 };

		json_print(&line, result);
		(void)printf("%s\n", line.data);
		buf_free(&line);
	}
	for (change = json_first(json_get(result, "changes"));
	    change != NULL && !cli->json; change = json_next(change)) {
		show_text(stdout, json_string(json_get(change, "name"), ""));
		(void)fputs(": ", stdout);
		show_text(stdout, json_string(json_get(change, "old"), ""));
		(void)fputs(" -> ", stdout);
		show_text(stdout, json_string(json_get(change, "new"), ""));
		(void)fputc('\n', stdout);
	}
	json_free(&result);
	return 0;
}

/* --- status ---------------------------------------------------------------------- */

static void
show_organization(const struct json *org)
{
	char age[32];

	clock_format_age(json_integer(json_get(org, "oldestPendingAge"), 0),
	    age);
	show_text(stdout, json_string(json_get(org, "organizationId"), ""));
	(void)printf(": %lld due, %lld in flight, %lld waiting to retry, "
	    "%lld held, oldest %s\n",
	    (long long)json_integer(json_get(org, "pendingCount"), 0),
	    (long long)json_integer(json_get(org, "processingCount"), 0),
	    (long long)json_integer(json_get(org, "retryingCount"), 0),
	    (long long)json_integer(json_get(org, "heldCount"), 0), age);
}

static void
show_status(const struct json *status)
{
	const struct json *item;
	int64_t started = 0;
	char since[40];

	(void)clock_parse(json_string(json_get(status, "startedAt"), ""),
	    &started);
	show_relative(started, clock_wall(), since);
	(void)printf("spoold %s is %s, pid %lld, started %s\n",
	    json_string(json_get(status, "version"), "?"),
	    json_string(json_get(status, "health"), "?"),
	    (long long)json_integer(json_get(status, "pid"), 0), since);
	for (item = json_first(json_get(status, "organizations"));
	    item != NULL; item = json_next(item))
		show_organization(item);
	for (item = json_first(json_get(status, "workers")); item != NULL;
	    item = json_next(item))
		(void)printf("worker %s of %s: %s, pid %lld, %lld in hand\n",
		    json_string(json_get(item, "transport"), ""),
		    json_string(json_get(item, "organizationId"), ""),
		    json_string(json_get(item, "state"), ""),
		    (long long)json_integer(json_get(item, "pid"), 0),
		    (long long)json_integer(json_get(item, "inFlight"), 0));
	for (item = json_first(json_get(status, "alerts")); item != NULL;
	    item = json_next(item)) {
		(void)printf("alert %s: ",
		    json_string(json_get(item, "name"), ""));
		show_text(stdout, json_string(json_get(item, "reason"), ""));
		(void)fputc('\n', stdout);
	}
}

int
spoolctl_status(struct cli *cli, void *arg)
{
	struct buf line = { 0 };
	struct json *status;
	struct why why;
	bool healthy;

	(void)arg;
	if (cli_conf(cli, &why) == NULL)
		return cli_fail(cli, &why);
	if (cli_connect(cli, CONTROL_ONLINE, &why) == -1) {
		if (why.code != ERROR_UNAVAILABLE)
			return cli_fail(cli, &why);
		(void)printf(cli->json ? "{\"health\":\"down\"}\n" :
		    "spoold is down\n");
		return STATUS_DOWN;
	}
	status = cli_ask(cli, "server.status", NULL, -1, &why);
	if (status == NULL)
		return cli_fail(cli, &why);
	healthy = strcmp(json_string(json_get(status, "health"), ""),
	    "healthy") == 0;
	if (cli->json) {
		json_print(&line, status);
		(void)printf("%s\n", line.data);
		buf_free(&line);
	} else
		show_status(status);
	json_free(&status);
	return healthy ? 0 : 1;
}
