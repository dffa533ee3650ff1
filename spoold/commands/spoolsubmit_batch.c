/*
 * spoolsubmit_batch - dropping jobs together, then asking about each
 *
 * The drop is what counts: once it is durable the job is spoold's.  Asking
 * only makes a refusal known at once, so whatever goes wrong with the asking
 * (spoold is down, or goes down) leaves the drop where it is, and the id,
 * which was computed here, is printed.  Only an answer that nothing is taken
 * for now takes the drop back: whoever submits then keeps the job.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/job.h"
#include "lib/receipt.h"
#include "lib/xalloc.h"
#include "spoold/commands/spoolsubmit.h"

#define ASK_TIMEOUT 60000	/* ms */

void
batch_status(struct batch *batch, int status)
{
	if (batch->status == 0)
		batch->status = status;
}

/* Reports about one of the jobs. */
static void
batch_fail(struct batch *batch, const char *label, const struct why *why)
{
	batch_status(batch, cli_fail_about(batch->cli, label, why));
}

static int
job_check(const char *text, size_t length, struct why *why)
{
	struct job job;
	int parsed = job_parse(text, length, &job, why);

	if (parsed == 0) {
		(void)why_set(why, ERROR_VALIDATION_ERROR,
		    "the job ends too early");
		why->offset = (int64_t)length;
	}
	if (parsed == 1)
		job_free(&job);
	return parsed == 1 ? 0 : -1;
}

void
payload_detach(struct cli *cli, const char *data)
{
	/* What cannot be removed is purged from data/ in time. */
	if (data != NULL)
		(void)libspool_detach(cli_spoold(cli, CLI_RUNNING), data,
		    NULL);
}

/* Writes one whose form is right: 0, or -1 with *why. */
static int
job_write(struct cli *cli, const struct given *given, struct why *why)
{
	char *text = xstrndup(given->text, given->length);
	struct libspool_job job = { .json = text, .name = given->stem,
		.data = given->data };
	int written = libspool_write(cli_spoold(cli, CLI_RUNNING), &job,
	    &cli->error);

	explicit_bzero(text, given->length);
	free(text);
	return written == 0 ? 0 : cli_error(cli, why);
}

static char *
copy_of(const char *text)
{
	return text == NULL ? NULL : xstrdup(text);
}

int
batch_add(struct batch *batch, const struct given *given)
{
	struct why why;
	int added = job_check(given->text, given->length, &why);

	if (added == -1)
		payload_detach(batch->cli, given->data);
	else
		added = job_write(batch->cli, given, &why);
	if (added == -1) {
		batch_fail(batch, given->label, &why);
		return -1;
	}
	batch->drops[batch->count++] = (struct dropped) {
		.label = copy_of(given->label), .data = copy_of(given->data) };
	batch->bytes += given->length;
	if (batch->count == BATCH_DROPS || batch->bytes >= BATCH_BYTES)
		batch_flush(batch);
	return 0;
}

/* The id alone, or with -j an object that names the drop too. */
static void
print_id(const struct batch *batch, const struct dropped *drop,
    const char *id)
{
	struct buf line = { .max = 0 };

	if (batch->cli->json) {
		json_open(&line, NULL, '{');
		json_put_string(&line, "deliveryId", id);
		json_put_string(&line, "name", drop->name);
		json_close(&line, '}');
	} else
		buf_str(&line, id);
	(void)printf("%s\n", line.data);
	(void)fflush(stdout);
	buf_free(&line);
}

/*
 * spoold did not take it.  Returns true if the job is spoold's all the same
 * (its answer got lost, or it was taken before we asked).
 */
static bool
submit_failed(struct batch *batch, const struct dropped *drop,
    const struct why *why)
{
	struct cli *cli = batch->cli;
	struct why again;
	int back = 1;

	if (why->number == ECONNRESET || why->number == ETIMEDOUT) {
		batch->online = false;
		return true;
	}
	if (error_exit_status(why->code) == 75)
		back = libspool_take_back(cli_spoold(cli, CLI_RUNNING),
		    drop->name, drop->data, &cli->error);
	if (back == -1)
		(void)cli_error(cli, &again);
	if (back != 0)
		batch_fail(batch, drop->label, back == 1 ? why : &again);
	return back == 0;
}

/* What is asked is answered soon, or the drop simply waits. */
static struct libspool *
asked(const struct batch *batch)
{
	struct libspool *spoold = cli_spoold(batch->cli, CLI_RUNNING);

	libspool_set_timeout(spoold, ASK_TIMEOUT);
	return spoold;
}

/*
 * Asks what became of a drop that was judged before.  A duplicate's `id`
 * becomes the first one's.
 */
static bool
submit_judged(struct batch *batch, const struct dropped *drop,
    char id[LIBSPOOL_ID])
{
	struct json *receipt;
	const char *first;
	struct why why;

	receipt = cli_answer(batch->cli, libspool_status(asked(batch), id,
	    drop->name, &batch->cli->error), &why);
	if (json_get(receipt, "error") != NULL) {
		(void)receipt_read_error(json_get(receipt, "error"), &why);
		batch_fail(batch, drop->label, &why);
		json_free(&receipt);
		return false;
	}
	first = json_string(json_get(receipt, "duplicateOf"), id);
	(void)memmove(id, first, strnlen(first, LIBSPOOL_ID - 1));
	json_free(&receipt);
	return true;
}

/*
 * Asks about a drop.  Returns true if it is spoold's now; `id` is then the
 * delivery's, which for a duplicate is the first one's.
 */
static bool
submit_ask(struct batch *batch, const struct dropped *drop,
    char id[LIBSPOOL_ID])
{
	struct json *answer;
	struct why why;
	bool judged;

	answer = cli_answer(batch->cli, libspool_verdict(asked(batch),
	    drop->name, &batch->cli->error), &why);
	if (answer == NULL && why.code == ERROR_DUPLICATE) {
		(void)strlcpy(id, why.id, LIBSPOOL_ID);
		return true;
	}
	if (answer == NULL && why.code != ERROR_DELIVERY_NOT_FOUND)
		return submit_failed(batch, drop, &why);
	judged = answer == NULL ||
	    strcmp(json_string(json_get(answer, "status"), ""),
	    "duplicate") == 0;
	json_free(&answer);
	return judged ? submit_judged(batch, drop, id) : true;
}

static void
drop_settle(struct batch *batch, const struct dropped *drop)
{
	char id[LIBSPOOL_ID];

	memcpy(id, drop->id, sizeof(id));
	if (batch->online && !submit_ask(batch, drop, id))
		return;
	if (!batch->wait) {
		print_id(batch, drop, id);
		return;
	}
	batch_status(batch, submit_wait(batch->cli, id,
	    strcmp(id, drop->id) == 0 ? drop->name : NULL, batch->until));
}

/* What cannot be dropped is reported and left out. */
static void
drop_told(void *arg, const char *id, const char *name,
    const struct libspool_error *error)
{
	struct batch *batch = arg;
	struct dropped *drop = &batch->drops[batch->told++];
	struct why why;

	if (error == NULL) {
		(void)strlcpy(drop->id, id, sizeof(drop->id));
		(void)strlcpy(drop->name, name, sizeof(drop->name));
		return;
	}
	batch->cli->error = *error;
	(void)cli_error(batch->cli, &why);
	batch_fail(batch, drop->label, &why);
}

/* Puts the batch into new/. */
static void
batch_drop(struct batch *batch)
{
	struct cli *cli = batch->cli;
	struct why why;

	batch->told = 0;
	if (libspool_drop_written(cli_spoold(cli, CLI_RUNNING), drop_told,
	    batch, &cli->error) == 0)
		return;
	(void)cli_error(cli, &why);
	batch_fail(batch, NULL, &why);
}

void
batch_flush(struct batch *batch)
{
	struct dropped *drop;

	if (batch->count > 0)
		batch_drop(batch);
	for (drop = batch->drops; drop < batch->drops + batch->count; drop++) {
		if (drop->id[0] != '\0')
			drop_settle(batch, drop);
		/* Ids on the same terminal are progress enough. */
		if (isatty(STDOUT_FILENO) == 0)
			show_progress(&batch->progress, "submitting jobs",
			    ++batch->submitted);
		free(drop->label);
		free(drop->data);
	}
	batch->count = 0;
	batch->bytes = 0;
}
