/*
 * callback - a job's receipt, sent to the destination that the job names
 *
 * The drop is written to tmp/ at once, synced by the durable helper with all
 * that wait for it, and renamed to new/.  A checkpoint may cover the job's end
 * meanwhile; then the next start finds the drop in tmp/.  Its idempotency key
 * names the end of the job, so that one that is told twice is sent once.
 */
#include <sys/queue.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/callback.h"
#include "spoold/commit.h"
#include "spoold/durable.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"

#define NAME_SIZE 160

struct callback {
	STAILQ_ENTRY(callback) entry;
	struct organization *organization;	/* borrowed */
	char		 name[NAME_SIZE];
};

STAILQ_HEAD(callback_list, callback);

struct callbacks {
	struct callback_list waiting;	/* for the next sync */
	struct callback_list syncing;	/* for the one that runs */
};

static void	callbacks_sync(struct spoold *);

struct callbacks *
callbacks_new(void)
{
	struct callbacks *callbacks = xcalloc(1, sizeof(*callbacks));

	STAILQ_INIT(&callbacks->waiting);
	STAILQ_INIT(&callbacks->syncing);
	return callbacks;
}

static struct callback *
callback_take(struct callback_list *list)
{
	struct callback *callback = STAILQ_FIRST(list);

	if (callback != NULL)
		STAILQ_REMOVE_HEAD(list, entry);
	return callback;
}

void
callbacks_free(struct callbacks **callbacks)
{
	struct callback *callback;

	if (*callbacks == NULL)
		return;
	STAILQ_CONCAT(&(*callbacks)->waiting, &(*callbacks)->syncing);
	while ((callback = callback_take(&(*callbacks)->waiting)) != NULL)
		free(callback);
	free(*callbacks);
	*callbacks = NULL;
}

/* Its file is durable: drops it. */
static void
callback_drop(struct spoold *s, void *arg)
{
	struct callback *callback = arg;
	struct organization *org = callback->organization;
	struct why why;

	if (spool_move(org->spool, QUEUE_tmp, callback->name, QUEUE_new,
	    callback->name, &why) == -1 && why.number != EEXIST) {
		commit_redo(s, org, callback_drop, callback, why.text);
		return;
	}
	free(callback);
}

static void
callbacks_synced(void *arg, int error)
{
	struct spoold *s = arg;
	struct callback_list done = STAILQ_HEAD_INITIALIZER(done);
	struct callback *callback;

	STAILQ_CONCAT(&done, &s->callbacks->syncing);
	while ((callback = callback_take(&done)) != NULL)
		if (error == 0)
			commit_then(s, callback->organization, callback_drop,
			    callback);
		else
			/* For the next sync; at the latest the next start's. */
			STAILQ_INSERT_TAIL(&s->callbacks->waiting, callback,
			    entry);
	if (error == 0)
		callbacks_sync(s);
}

static void
callbacks_sync(struct spoold *s)
{
	struct callbacks *callbacks = s->callbacks;

	if (STAILQ_EMPTY(&callbacks->waiting) ||
	    !STAILQ_EMPTY(&callbacks->syncing))
		return;
	STAILQ_CONCAT(&callbacks->syncing, &callbacks->waiting);
	durable_sync(s->durable, callbacks_synced, s);
}

/* The attempts that there were, of all tickets: what tells its ends apart. */
static int64_t
receipt_attempts(const struct json *receipt)
{
	const struct json *entry;
	int64_t attempts = 0;

	entry = json_first(json_get(receipt, "destinations"));
	for (; entry != NULL; entry = json_next(entry))
		attempts += json_integer(json_get(entry, "attempts"), 0);
	return attempts;
}

static void
callback_write(struct buf *out, const struct facts *facts,
    enum receipt_status status, int64_t attempts, const struct buf *receipt)
{
	char id[ID_LENGTH + 1], key[ID_LENGTH + 64];

	id_format(&facts->id, id);
	(void)snprintf(key, sizeof(key), "callback %s %lld %d", id,
	    (long long)attempts, (int)status);
	json_open(out, NULL, '{');
	json_open(out, "destinations", '[');
	json_put_string(out, NULL, facts->job.callback);
	json_close(out, ']');
	json_open(out, "options", '{');
	json_put_string(out, "correlationId", facts->job.correlation_id);
	json_put_string(out, "idempotencyKey", key);
	json_close(out, '}');
	json_open(out, "payload", '{');
	json_put_string(out, "type", "data");
	json_put_raw(out, "data", receipt->data, receipt->len);
	json_close(out, '}');
	json_close(out, '}');
}

int
callback_put(struct spoold *s, struct organization *org, const char *name,
    const struct buf *text, struct why *why)
{
	struct callback *callback;

	if (spool_replace(org->spool, QUEUE_tmp, name, text->data, text->len,
	    why) == -1)
		return -1;
	callback = xcalloc(1, sizeof(*callback));
	callback->organization = org;
	(void)snprintf(callback->name, sizeof(callback->name), "%s", name);
	STAILQ_INSERT_TAIL(&s->callbacks->waiting, callback, entry);
	callbacks_sync(s);
	return 0;
}

int
callback_send(struct spoold *s, struct organization *org,
    const struct facts *facts, enum receipt_status status,
    const struct buf *receipt, struct why *why)
{
	char id[ID_LENGTH + 1], name[NAME_SIZE];
	struct buf text = { 0 };
	struct json *json;
	int64_t attempts;
	int result;

	if (facts->job.callback == NULL)
		return 0;
	json = json_parse(receipt->data, receipt->len, why);
	if (json == NULL)
		return -1;
	attempts = receipt_attempts(json);
	json_free(&json);
	id_format(&facts->id, id);
	(void)snprintf(name, sizeof(name), CALLBACK_PREFIX "%s-%lld.json",
	    id, (long long)attempts);
	callback_write(&text, facts, status, attempts, receipt);
	result = callback_put(s, org, name, &text, why);
	buf_free(&text);
	return result;
}

/* True if it is on its way: it is not synced yet, maybe. */
static bool
callback_pending(const struct callbacks *callbacks,
    const struct organization *org, const char *name)
{
	const struct callback_list *lists[] = { &callbacks->waiting,
	    &callbacks->syncing };
	const struct callback *callback;

	for (size_t i = 0; i < 2; i++)
		STAILQ_FOREACH(callback, lists[i], entry)
			if (callback->organization == org &&
			    strcmp(callback->name, name) == 0)
				return true;
	return false;
}

int
callbacks_resume(struct spoold *s, struct organization *org, struct why *why)
{
	struct spool_list *list = spool_list(org->spool, QUEUE_tmp, why);
	const char *name, *day;
	int result = 0;

	if (list == NULL)
		return -1;
	while (result != -1 && (name = spool_list_next(list, &day)) != NULL)
		if (strncmp(name, CALLBACK_PREFIX,
		    strlen(CALLBACK_PREFIX)) == 0 &&
		    !callback_pending(s->callbacks, org, name)) {
			result = spool_move(org->spool, QUEUE_tmp, name,
			    QUEUE_new, name, why);
			if (result == -1 && why->number == EEXIST)
				result = 0;
		}
	spool_list_free(&list);
	return result == -1 ? -1 : 0;
}
