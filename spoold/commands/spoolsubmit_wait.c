/*
 * spoolsubmit_wait - until the job is finished
 *
 * spoold may go down and come back meanwhile, or be down still: then it is
 * asked again until the time is up.  On a terminal the status is asked for
 * twice a second, so that each destination can be shown as it gets on;
 * otherwise one question waits for the end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/control.h"
#include "lib/receipt.h"
#include "lib/show.h"
#include "lib/xalloc.h"
#include "spoold/commands/spoolsubmit.h"

#define WAIT_PAUSE 500		/* ms between two questions */
#define WAIT_LAST 5000		/* ms for the status when the time is up */

struct waiting_for {
	struct cli	*cli;		/* borrowed */
	const char	*id;		/* borrowed */
	char		*name;		/* own; NULL: not known */
	int64_t		 until;		/* monotonic ms, -1: for ever */
	bool		 terminal;
	char		**shown;	/* own; each destination's last line */
	size_t		 shown_count;
};

static int64_t
time_left(const struct waiting_for *w)
{
	int64_t left = w->until - clock_monotonic();

	return w->until == -1 ? -1 : left < 0 ? 0 : left;
}

static void
pause_for(const struct waiting_for *w)
{
	int64_t left = time_left(w);
	long ms = left >= 0 && left < WAIT_PAUSE ? (long)left : WAIT_PAUSE;

	(void)nanosleep(&(struct timespec) { 0, ms * 1000000L }, NULL);
}

/* The name under which a job was dropped, from its receipt's. */
static void
name_find(struct waiting_for *w)
{
	struct why why;
	struct spool_list *list = spool_list(w->cli->spool, QUEUE_receipts,
	    &why);
	char *suffix = xasprintf(".%s.json", w->id);
	size_t length, end = strlen(suffix);
	const char *name, *day;

	while (list != NULL && w->name == NULL &&
	    (name = spool_list_next(list, &day)) != NULL) {
		length = strlen(name);
		if (length > end && strcmp(name + length - end, suffix) == 0)
			w->name = xasprintf("%.*s.json", (int)(length - end),
			    name);
	}
	spool_list_free(&list);
	free(suffix);
}

static struct json *
status_ask(struct waiting_for *w, bool wait, int64_t timeout, struct why *why)
{
	struct libspool *spoold = cli_spoold(w->cli, CLI_RUNNING);

	if (w->name == NULL)
		name_find(w);
	libspool_set_timeout(spoold, timeout);
	return cli_answer(w->cli, wait ?
	    libspool_wait(spoold, w->id, w->name, &w->cli->error) :
	    libspool_status(spoold, w->id, w->name, &w->cli->error), why);
}

static bool
receipt_is(const struct json *receipt, const char *status)
{
	return strcmp(json_string(json_get(receipt, "status"), ""), status)
	    == 0;
}

static bool
receipt_is_final(const struct json *receipt)
{
	return !receipt_is(receipt, "queued") &&
	    !receipt_is(receipt, "processing");
}

/* On a terminal: a line for each destination whose state has changed. */
static void
receipt_show(struct waiting_for *w, const struct json *receipt)
{
	const struct json *each = json_first(json_get(receipt, "destinations"));
	size_t i;

	for (i = 0; each != NULL; each = json_next(each), i++) {
		const char *reason = json_string(json_get(each,
		    "failureReason"), NULL);
		char *line = xasprintf("%s: %s%s%s",
		    json_string(json_get(each, "destinationId"), "?"),
		    json_string(json_get(each, "status"), "?"),
		    reason == NULL ? "" : ": ", reason == NULL ? "" : reason);

		if (i == w->shown_count) {
			w->shown = xreallocarray(w->shown, i + 1,
			    sizeof(*w->shown));
			w->shown[w->shown_count++] = NULL;
		}
		if (w->shown[i] == NULL || strcmp(w->shown[i], line) != 0) {
			show_text(stderr, line);
			(void)fputc('\n', stderr);
		}
		free(w->shown[i]);
		w->shown[i] = line;
	}
}

static void
receipt_print(const struct json *receipt)
{
	struct buf line = { .max = 0 };

	json_print(&line, receipt);
	buf_char(&line, '\n');
	(void)fwrite(line.data, 1, line.len, stdout);
	(void)fflush(stdout);
	buf_free(&line);
}

/* True if that file of receipts/, which may be nobody's to read, has a link. */
static bool
has_link(const struct waiting_for *w, const char *name)
{
	struct buf text = { .max = CONTROL_LINE_MAX };
	char part[4096];
	const struct json *each;
	struct json *receipt;
	struct why why;
	bool has = false;
	ssize_t n;
	int fd = spool_open_file(w->cli->spool, QUEUE_receipts, name, &why);

	if (fd == -1)
		return false;
	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_add(&text, part, (size_t)n);
	(void)close(fd);
	receipt = n == -1 || text.overflow || text.len == 0 ? NULL :
	    json_parse(text.data, text.len, &why);
	each = json_first(json_get(receipt, "destinations"));
	for (; each != NULL && !has; each = json_next(each))
		has = json_get(each, "link") != NULL;
	json_free(&receipt);
	explicit_bzero(part, sizeof(part));
	buf_wipe(&text);
	return has;
}

/* A link is printed nowhere: who waits for one is told where it stands. */
static void
link_hint(struct waiting_for *w)
{
	char name[RECEIPT_NAME_MAX];
	struct id id;

	if (w->name == NULL)
		name_find(w);
	if (w->name == NULL || id_parse(w->id, &id) == -1)
		return;
	receipt_name(w->name, &id, name);
	if (has_link(w, name))
		(void)fprintf(stderr, "spoolsubmit: the link stands in "
		    "%s/%s/receipts/%s\n", w->cli->conf->top_spool_directory,
		    spool_organization(w->cli->spool), name);
}

/* The time is up: the receipt as it is now, if there is one to be had. */
static int
wait_over(struct waiting_for *w)
{
	struct json *receipt;
	struct why why;

	receipt = status_ask(w, false, WAIT_LAST, &why);
	if (receipt == NULL) {
		(void)why_set(&why, ERROR_UNAVAILABLE,
		    "%s is not finished, and spoold does not say how far it "
		    "is", w->id);
		(void)strlcpy(why.id, w->id, sizeof(why.id));
		return cli_fail(w->cli, &why);
	}
	receipt_print(receipt);
	json_free(&receipt);
	return error_exit_status(ERROR_UNAVAILABLE);
}

/*
 * One question.  Returns 1 if it is finished, 0 to ask again, -1 with *why if
 * that is no use.
 */
static int
wait_once(struct waiting_for *w, struct json **receipt_r, struct why *why)
{
	struct json *receipt = status_ask(w, !w->terminal, time_left(w), why);

	if (receipt == NULL) {
		/* Not taken up yet, or spoold is down: it will be there. */
		if (why->code != ERROR_UNAVAILABLE &&
		    why->code != ERROR_DELIVERY_NOT_FOUND)
			return -1;
		pause_for(w);
		return 0;
	}
	if (w->terminal)
		receipt_show(w, receipt);
	if (!receipt_is_final(receipt)) {
		json_free(&receipt);
		pause_for(w);
		return 0;
	}
	*receipt_r = receipt;
	return 1;
}

static int
wait_loop(struct waiting_for *w)
{
	struct json *receipt = NULL;
	struct why why;
	int waited, status;

	do
		waited = wait_once(w, &receipt, &why);
	while (waited == 0 && time_left(w) != 0);
	if (waited == -1)
		return cli_fail(w->cli, &why);
	if (waited == 0)
		return wait_over(w);
	receipt_print(receipt);
	if (!w->cli->json)
		link_hint(w);
	status = receipt_is(receipt, "completed") ? 0 : 1;
	json_free(&receipt);
	return status;
}

int
submit_wait(struct cli *cli, const char *id, const char *name, int64_t until)
{
	struct waiting_for w = { .cli = cli, .id = id, .until = until,
		.name = name == NULL ? NULL : xstrdup(name),
		.terminal = isatty(STDERR_FILENO) != 0 };
	int status = wait_loop(&w);
	size_t i;

	for (i = 0; i < w.shown_count; i++)
		free(w.shown[i]);
	free(w.shown);
	free(w.name);
	return status;
}
