/*
 * purge - taking away what retention says is due: one batch, one line
 *
 * - A job's payload goes first, then its JSON, then its tickets: while a ticket
 *   is left, the next sweep finds the job again, and a job without tickets,
 *   which the start would give new ones, never stands there.
 * - What is in tmp/ and data/ belongs to clients, who may put another file in
 *   its place at any moment.  It is renamed first, looked at, and put back if
 *   it is not the one that was due.  It is not redone after a crash: its name
 *   says nothing of which file it was.  The next sweep finds it.
 * - A key may have a new owner since.
 * - Freeing a large file's blocks takes long; the helper does it.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/admit.h"
#include "spoold/commit.h"
#include "spoold/durable.h"
#include "spoold/finished.h"
#include "spoold/organization.h"
#include "spoold/purge.h"
#include "spoold/replay.h"
#include "spoold/spoold.h"

#define ITEMS_MAX 128		/* removed in one turn of the loop */
#define TEXT_MAX (32 * 1024)	/* of the names in a line */
#define LARGE (1024 * 1024)	/* bytes from which on the helper removes it */

struct item {
	char		*name;		/* own; NULL: a job */
	struct id	 id;
	uint64_t	 inode;
	char		**tickets;	/* own */
	size_t		 ticket_count;
};

struct purge {
	struct spoold	*spoold;	/* borrowed */
	struct organization *organization;	/* borrowed */
	enum purge_kind	 kind;
	struct item	 items[ITEMS_MAX];
	size_t		 count;
	size_t		 text;		/* bytes of all names */
	struct buf	 large;		/* own; names for the helper */
	int64_t		 removed;
	purge_done	*done;
	void		*arg;
};

static const struct {
	const char	*name;
	const char	*one, *several;
	enum queue	 queue;
} kinds[PURGE_KINDS] = {
#define PURGE(identifier, name_, queue_, one_, several_)	\
	[PURGE_##identifier] = { name_, one_, several_, queue_ },
	PURGE_TABLE(PURGE)
#undef PURGE
};

const char *
purge_name(enum purge_kind kind)
{
	return kinds[kind].name;
}

const char *
purge_unit(enum purge_kind kind, int64_t count)
{
	return count == 1 ? kinds[kind].one : kinds[kind].several;
}

enum queue
purge_queue(enum purge_kind kind)
{
	return kinds[kind].queue;
}

static bool
is_jobs(enum purge_kind kind)
{
	return kind == PURGE_delivered || kind == PURGE_failed;
}

/* --- collecting ----------------------------------------------------------- */

struct purge *
purge_new(struct spoold *s, struct organization *org, enum purge_kind kind)
{
	struct purge *purge = xcalloc(1, sizeof(*purge));

	purge->spoold = s;
	purge->organization = org;
	purge->kind = kind;
	return purge;
}

void
purge_free(struct purge **purge)
{
	if (*purge == NULL)
		return;
	for (size_t i = 0; i < (*purge)->count; i++) {
		struct item *item = &(*purge)->items[i];

		for (size_t t = 0; t < item->ticket_count; t++)
			free(item->tickets[t]);
		free(item->tickets);
		free(item->name);
	}
	buf_free(&(*purge)->large);
	free(*purge);
	*purge = NULL;
}

void
purge_add(struct purge *purge, const char *name, uint64_t inode)
{
	struct item *item = &purge->items[purge->count++];

	item->name = xstrdup(name);
	item->inode = inode;
	purge->text += strlen(name);
}

void
purge_add_job(struct purge *purge, const struct id *id,
    const char *const *tickets, size_t count)
{
	struct item *item = &purge->items[purge->count++];

	item->id = *id;
	item->tickets = xcalloc(count, sizeof(*item->tickets));
	item->ticket_count = count;
	for (size_t i = 0; i < count; i++) {
		item->tickets[i] = xstrdup(tickets[i]);
		purge->text += strlen(tickets[i]);
	}
	purge->text += ID_LENGTH;
}

bool
purge_is_full(const struct purge *purge)
{
	return purge->count == ITEMS_MAX || purge->text > TEXT_MAX;
}

size_t
purge_count(const struct purge *purge)
{
	return purge->count;
}

bool
purge_has(const struct purge *purge, const struct id *id)
{
	for (size_t i = 0; is_jobs(purge->kind) && i < purge->count; i++)
		if (id_compare(&purge->items[i].id, id) == 0)
			return true;
	return false;
}

/* --- the line ------------------------------------------------------------- */

static void
purge_write_job(struct buf *fields, const struct item *item)
{
	char id[ID_LENGTH + 1];

	id_format(&item->id, id);
	json_open(fields, NULL, '{');
	json_put_string(fields, "job", id);
	json_open(fields, "tickets", '[');
	for (size_t i = 0; i < item->ticket_count; i++)
		json_put_string(fields, NULL, item->tickets[i]);
	json_close(fields, ']');
	json_close(fields, '}');
}

static void
purge_journal(const struct purge *purge)
{
	struct buf fields = { 0 };

	commit_fields(&fields, purge->organization->id, NULL);
	json_put_string(&fields, "kind", purge_name(purge->kind));
	json_put_integer(&fields, "count", (int64_t)purge->count);
	json_open(&fields, is_jobs(purge->kind) ? "jobs" : "names", '[');
	for (size_t i = 0; i < purge->count; i++)
		if (is_jobs(purge->kind))
			purge_write_job(&fields, &purge->items[i]);
		else
			json_put_string(&fields, NULL, purge->items[i].name);
	json_close(&fields, ']');
	(void)commit_line(purge->spoold, EVENT_purged, &fields);
}

/* --- removing ------------------------------------------------------------- */

/* The queue of a job's ticket: only in done/ it has a day before it. */
static enum queue
ticket_queue(const char *name)
{
	return strchr(name, '/') != NULL ? QUEUE_done : QUEUE_failed;
}

/* 1 if it is removed, or will be by the helper, 0 if not there, -1. */
static int
remove_file(struct purge *purge, enum queue queue, const char *name,
    struct why *why)
{
	const struct spool *spool = purge->organization->spool;
	struct statx stat;
	int found;

	found = spool_stat(spool, queue, name, &stat, why);
	if (found != 1)
		return found;
	if (S_ISREG(stat.stx_mode) && stat.stx_size >= LARGE &&
	    purge->large.len < DURABLE_NAMES_MAX / 2) {
		buf_printf(&purge->large, "%s/%s", queue_name(queue), name);
		buf_add(&purge->large, "", 1);
		return 1;
	}
	return spool_remove(spool, queue, name, why);
}

/* A client's file: renamed, compared, and put back if it is another one. */
static int
remove_clients(struct purge *purge, const struct item *item, struct why *why)
{
	const struct spool *spool = purge->organization->spool;
	enum queue queue = kinds[purge->kind].queue;
	char aside[64];
	struct statx stat;
	int result;

	(void)snprintf(aside, sizeof(aside), ".purged.%llu",
	    (unsigned long long)item->inode);
	/* It has that name where a crash came in between. */
	result = strcmp(item->name, aside) == 0 ? 1 :
	    spool_move(spool, queue, item->name, QUEUE_tmp, aside, why);
	if (result == -1 && why->number == EEXIST)
		return 0;	/* another file's: that goes first */
	if (result != 1)
		return result;
	result = spool_stat(spool, QUEUE_tmp, aside, &stat, why);
	if (result == 1 && stat.stx_ino != item->inode)
		return spool_move(spool, QUEUE_tmp, aside, queue, item->name,
		    why) == -1 ? -1 : 0;
	return result == 1 ? remove_file(purge, QUEUE_tmp, aside, why) :
	    result;
}

static int
remove_refused(const struct organization *org, const char *name,
    struct why *why)
{
	char *beside = xasprintf("%s.error", name);
	int result, also;

	result = spool_remove(org->spool, QUEUE_failed, name, why);
	also = result == -1 ? -1 : spool_remove(org->spool, QUEUE_failed,
	    beside, why);
	free(beside);
	return also == -1 ? -1 : result == 1 || also == 1;
}

/* Only while it is still too old: a new owner's is not. */
static int
remove_key(const struct spoold *s, const struct organization *org,
    const char *name, struct why *why)
{
	struct statx stat;
	int64_t modified;
	int result;

	result = spool_stat(org->spool, QUEUE_keys, name, &stat, why);
	if (result != 1)
		return result;
	modified = clock_from_timespec((struct timespec) {
	    .tv_sec = stat.stx_mtime.tv_sec,
	    .tv_nsec = stat.stx_mtime.tv_nsec });
	if (clock_wall() - modified < s->conf->queue_idempotency_window)
		return 0;
	return spool_remove(org->spool, QUEUE_keys, name, why);
}

static int
remove_item(struct purge *purge, const struct item *item, struct why *why)
{
	const struct organization *org = purge->organization;

	switch (purge->kind) {
	case PURGE_tmp:
	case PURGE_payloads:
		return remove_clients(purge, item, why);
	case PURGE_refused:
		return remove_refused(org, item->name, why);
	case PURGE_keys:
		return remove_key(purge->spoold, org, item->name, why);
	default:
		return remove_file(purge, kinds[purge->kind].queue,
		    item->name, why);
	}
}

/* The job's file, then its tickets. */
static int
remove_tickets(struct organization *org, const struct item *item,
    struct why *why)
{
	char job[ID_LENGTH + 8];
	int result;

	admit_job_name(&item->id, "json", job);
	result = spool_remove(org->spool, QUEUE_jobs, job, why);
	for (size_t i = 0; i < item->ticket_count && result != -1; i++) {
		enum queue queue = ticket_queue(item->tickets[i]);

		result = spool_remove(org->spool, queue, item->tickets[i],
		    why);
		if (result == 1 && queue == QUEUE_done)
			org->delivered--;
		else if (result == 1)
			org->failed--;
	}
	if (result == -1)
		return -1;
	finished_forget(org, &item->id);
	return 1;
}

static void
purge_end(struct purge *purge, const struct why *why)
{
	log_info("%s: purged %lld %s kind=%s", purge->organization->id,
	    (long long)purge->removed, purge_unit(purge->kind,
	    purge->removed), purge_name(purge->kind));
	purge->done(purge->arg, purge->removed, why);
	purge_free(&purge);
}

/* Large files are gone, or never were. */
static void
purge_rest(void *arg, int error)
{
	struct purge *purge = arg;
	int result = 0;
	struct why why;

	if (error != 0) {
		errno = error;
		result = why_errno(&why, "remove a file of %s",
		    purge->organization->id);
		purge->removed = 0;
	}
	for (size_t i = 0; is_jobs(purge->kind) && i < purge->count &&
	    result != -1; i++) {
		result = remove_tickets(purge->organization,
		    &purge->items[i], &why);
		purge->removed += result == 1;
	}
	purge_end(purge, result == -1 ? &why : NULL);
}

/* The action of its line. */
static void
purge_apply(struct spoold *s, void *arg)
{
	struct purge *purge = arg;
	char data[ID_LENGTH + 8], *directory;
	struct why why;
	int result = 0;

	for (size_t i = 0; i < purge->count && result != -1; i++) {
		const struct item *item = &purge->items[i];

		if (is_jobs(purge->kind)) {
			admit_job_name(&item->id, "data", data);
			result = remove_file(purge, QUEUE_jobs, data, &why);
			continue;
		}
		result = remove_item(purge, item, &why);
		purge->removed += result == 1;
	}
	if (result == -1) {
		purge_end(purge, &why);
		return;
	}
	if (purge->large.len == 0) {
		purge_rest(purge, 0);
		return;
	}
	directory = xasprintf("%s/%s", s->conf->top_spool_directory,
	    purge->organization->id);
	durable_remove(s->durable, directory, purge->large.data,
	    purge->large.len, purge_rest, purge);
	free(directory);
}

void
purge_run(struct purge *purge, purge_done *done, void *arg)
{
	purge->done = done;
	purge->arg = arg;
	purge_journal(purge);
	commit_then(purge->spoold, purge->organization, purge_apply, purge);
}

/* --- after a crash -------------------------------------------------------- */

static int
redo_job(struct organization *org, const struct json *job,
    struct stories *stories, struct why *why)
{
	const struct json *ticket = json_first(json_get(job, "tickets"));
	char name[ID_LENGTH + 8];
	struct id id;

	if (id_parse(json_string(json_get(job, "job"), ""), &id) == -1 ||
	    stories_live(stories, org, &id))
		return 0;
	admit_job_name(&id, "data", name);
	if (spool_remove(org->spool, QUEUE_jobs, name, why) == -1)
		return -1;
	admit_job_name(&id, "json", name);
	if (spool_remove(org->spool, QUEUE_jobs, name, why) == -1)
		return -1;
	for (; ticket != NULL; ticket = json_next(ticket)) {
		const char *file = json_string(ticket, "");

		if (spool_remove(org->spool, ticket_queue(file), file,
		    why) == -1)
			return -1;
	}
	return 0;
}

int
purge_redo(const struct spoold *s, struct organization *org,
    const struct json *line, struct stories *stories, struct why *why)
{
	const char *kind = json_string(json_get(line, "kind"), "");
	const struct json *job = json_first(json_get(line, "jobs"));
	const struct json *name = json_first(json_get(line, "names"));
	int result = 0;

	for (; job != NULL && result != -1; job = json_next(job))
		result = redo_job(org, job, stories, why);
	for (; name != NULL && result != -1; name = json_next(name)) {
		const char *file = json_string(name, "");

		if (strcmp(kind, purge_name(PURGE_refused)) == 0)
			result = remove_refused(org, file, why);
		else if (strcmp(kind, purge_name(PURGE_receipts)) == 0)
			result = spool_remove(org->spool, QUEUE_receipts,
			    file, why);
		else if (strcmp(kind, purge_name(PURGE_links)) == 0)
			result = spool_remove(org->spool, QUEUE_jobs, file,
			    why);
		else if (strcmp(kind, purge_name(PURGE_keys)) == 0)
			result = remove_key(s, org, file, why);
	}
	return result == -1 ? -1 : 0;
}
