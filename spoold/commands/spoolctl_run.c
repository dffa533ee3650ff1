/*
 * spoolctl stop, reload - what a running spoold is asked to do with itself
 */
#include <sys/syscall.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/show.h"

#include "spoold/commands/spoolctl.h"

#define LOOK_EVERY 500		/* ms between two looks at the terminal */

/* --- stop --- */

/*
 * A descriptor of spoold's process, which is readable when that has ended, or
 * -1 with *why.
 */
static int
process_open(struct cli *cli, struct why *why)
{
	struct json *status = cli_answer(cli, libspool_server_status(
	    cli_spoold(cli, CLI_SERVER), &cli->error), why);
	int64_t pid;
	int fd;

	if (status == NULL)
		return -1;
	pid = json_integer(json_get(status, "pid"), 0);
	json_free(&status);
	fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	return fd != -1 ? fd : why_errno(why, "watch process %lld",
	    (long long)pid);
}

static int
process_wait(int fd, struct why *why)
{
	struct pollfd ended = { .fd = fd, .events = POLLIN };
	struct show_progress progress = { 0 };
	int64_t looks = 0;
	int polled;

	while ((polled = poll(&ended, 1, LOOK_EVERY)) != 1) {
		if (polled == -1 && errno != EINTR)
			return why_errno(why, "wait for spoold");
		if (polled == 0)
			show_progress(&progress, "waiting for attempts under "
			    "way, seconds", ++looks * LOOK_EVERY / 1000);
	}
	show_progress_end(&progress);
	return 0;
}

int
spoolctl_stop(struct cli *cli, void *arg)
{
	const struct spoolctl *state = arg;
	struct json *result;
	struct why why;
	int fd = process_open(cli, &why), waited;

	if (fd == -1)
		return cli_fail(cli, &why);
	result = cli_answer(cli, libspool_server_stop(
	    cli_spoold(cli, CLI_SERVER), state->now, &cli->error), &why);
	/* It may have been faster than its answer. */
	waited = result != NULL || why.number == ECONNRESET ?
	    process_wait(fd, &why) : -1;
	json_free(&result);
	close(fd);
	return waited == -1 ? cli_fail(cli, &why) : 0;
}

/* --- reload --- */

int
spoolctl_reload(struct cli *cli, void *arg)
{
	const struct json *change;
	struct json *result;
	struct why why;

	(void)arg;
	result = cli_answer(cli, libspool_config_reload(
	    cli_spoold(cli, CLI_SERVER), &cli->error), &why);
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
