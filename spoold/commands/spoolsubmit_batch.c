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

int
batch_add(struct batch *batch, struct drop *drop, const char *stem,
    const char *label, const char *text, size_t length)
{
	struct why why;

	if (job_check(text, length, &why) == -1 ||
	    drop_write(batch->spool, drop, stem, text, length, &why) == -1) {
		drop_abandon(batch->spool, drop);
		batch_fail(batch, label, &why);
		return -1;
	}
	batch->drops[batch->count] = *drop;
	batch->labels[batch->count++] = label == NULL ? NULL : xstrdup(label);
	batch->bytes += length;
	if (batch->count == BATCH_DROPS || batch->bytes >= BATCH_BYTES)
		batch_flush(batch);
	return 0;
}

/* The id alone, or with -j an object that names the drop too. */
static void
print_id(const struct batch *batch, const struct drop *drop, const char *id)
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
submit_failed(struct batch *batch, size_t i, const struct why *why)
{
	struct drop *drop = &batch->drops[i];
	struct why again;
	int back = 1;

	if (why->number == ECONNRESET || why->number == ETIMEDOUT) {
		batch->online = false;
		return true;
	}
	if (error_exit_status(why->code) == 75)
		back = drop_take_back(batch->spool, drop, &again);
	if (back == 0)
		return true;
	batch_fail(batch, batch->labels[i], back == 1 ? why : &again);
	return false;
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
submit_judged(struct batch *batch, size_t i, char id[ID_LENGTH + 1])
{
	struct json *receipt;
	const char *first;
	struct why why;

	receipt = cli_answer(batch->cli, libspool_status(asked(batch), id,
	    batch->drops[i].name, &batch->cli->error), &why);
	if (json_get(receipt, "error") != NULL) {
		(void)receipt_read_error(json_get(receipt, "error"), &why);
		batch_fail(batch, batch->labels[i], &why);
		json_free(&receipt);
		return false;
	}
	first = json_string(json_get(receipt, "duplicateOf"), id);
	(void)memmove(id, first, strnlen(first, ID_LENGTH));
	json_free(&receipt);
	return true;
}

/*
 * Asks about a drop.  Returns true if it is spoold's now; `id` is then the
 * delivery's, which for a duplicate is the first one's.
 */
static bool
submit_ask(struct batch *batch, size_t i, char id[ID_LENGTH + 1])
{
	struct json *answer;
	struct why why;
	bool judged;

	answer = cli_answer(batch->cli, libspool_verdict(asked(batch),
	    batch->drops[i].name, &batch->cli->error), &why);
	if (answer == NULL && why.code == ERROR_DUPLICATE) {
		(void)strlcpy(id, why.id, ID_LENGTH + 1);
		return true;
	}
	if (answer == NULL && why.code != ERROR_DELIVERY_NOT_FOUND)
		return submit_failed(batch, i, &why);
	judged = answer == NULL ||
	    strcmp(json_string(json_get(answer, "status"), ""),
	    "duplicate") == 0;
	json_free(&answer);
	return judged ? submit_judged(batch, i, id) : true;
}

static void
drop_settle(struct batch *batch, size_t i)
{
	char own[ID_LENGTH + 1], id[ID_LENGTH + 1];

	id_format(&batch->drops[i].id, own);
	memcpy(id, own, sizeof(id));
	if (batch->online && !submit_ask(batch, i, id))
		return;
	if (!batch->wait) {
		print_id(batch, &batch->drops[i], id);
		return;
	}
	batch_status(batch, submit_wait(batch->cli, id,
	    strcmp(id, own) == 0 ? batch->drops[i].name : NULL,
	    batch->until));
}

/* Puts the batch into new/; what cannot be is reported and left out. */
static void
batch_drop(struct batch *batch)
{
	struct why why;
	size_t i;

	if (drop_sync(batch->spool, batch->drops, batch->count, &why) == -1) {
		for (i = 0; i < batch->count; i++)
			drop_abandon(batch->spool, &batch->drops[i]);
		batch_fail(batch, NULL, &why);
		return;
	}
	for (i = 0; i < batch->count; i++) {
		if (drop_rename(batch->spool, &batch->drops[i], &why) == 0)
			continue;
		drop_abandon(batch->spool, &batch->drops[i]);
		batch_fail(batch, batch->labels[i], &why);
	}
	if (drop_finish(batch->spool, &why) == -1)
		batch_fail(batch, NULL, &why);
}

void
batch_flush(struct batch *batch)
{
	size_t i;

	if (batch->count > 0)
		batch_drop(batch);
	for (i = 0; i < batch->count; i++) {
		if (batch->drops[i].dropped)
			drop_settle(batch, i);
		/* Ids on the same terminal are progress enough. */
		if (isatty(STDOUT_FILENO) == 0)
			show_progress(&batch->progress, "submitting jobs",
			    ++batch->submitted);
		free(batch->labels[i]);
	}
	batch->count = 0;
	batch->bytes = 0;
}
