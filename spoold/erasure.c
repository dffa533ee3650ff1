/*
 * erasure - what was stored at a destination goes, by its worker
 */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/admit.h"
#include "spoold/commit.h"
#include "spoold/erasure.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/target.h"
#include "spoold/worker.h"

struct erasure {
	TAILQ_ENTRY(erasure) entry;
	struct spoold	*spoold;	/* borrowed */
	struct target	*target;	/* borrowed */
	struct worker	*worker;	/* borrowed; NULL: not handed out */
	char		 path[STORED_PATH];	/* in stored/ */
	struct stored_record record;	/* own */
	uint64_t	 token;
	int64_t		 since;		/* monotonic ms; that it waits */
	bool		 over;		/* its end is on its way to disk */
	erasure_done	*done;
	void		*arg;
};

static void
erasure_free(struct erasure *erasure)
{
	if (erasure->worker != NULL)
		worker_leave(erasure->worker);
	TAILQ_REMOVE(&erasure->spoold->erasures, erasure, entry);
	stored_free(&erasure->record);
	free(erasure);
}

/* --- ends ----------------------------------------------------------------- */

static void
erasure_end(struct erasure *erasure, enum erasure_end end, const char *reason)
{
	erasure->done(erasure->arg, end, reason);
	erasure_free(erasure);
}

/* The action of its line. */
static void
erasure_apply(struct spoold *s, void *arg)
{
	struct erasure *erasure = arg;
	struct organization *org = erasure->target->organization;
	struct why why;

	if (spool_remove(org->spool, QUEUE_stored, erasure->path, &why) == -1)
		commit_redo(s, org, erasure_apply, erasure, why.text);
	else
		erasure_end(erasure, ERASURE_DONE, "");
}

static void
erasure_log(const struct erasure *erasure, const char *what,
    const struct link_erased *erased, const char *reason)
{
	char id[ID_LENGTH + 1];

	id_format(&erasure->record.id, id);
	log_info("%s.%s: %s code=%s status=%d why=\"%s\"", id,
	    erasure->target->id, what, erased->error == ERROR_NONE ? "-" :
	    error_name((enum error)erased->error), erased->code, reason);
}

/* It is gone, or something else is in its place. */
static void
erasure_over(struct erasure *erasure, const struct link_erased *erased,
    const char *reason)
{
	struct buf fields = { 0 };
	char id[ID_LENGTH + 1];

	erasure->over = true;
	id_format(&erasure->record.id, id);
	commit_fields(&fields, erasure->target->organization->id, id);
	json_put_string(&fields, "dest", erasure->target->id);
	json_put_string(&fields, "record", erasure->path);
	if (erased->code != 0)
		json_put_integer(&fields, "code", erased->code);
	if (erased->error != ERROR_NONE)
		json_put_string(&fields, "errorCode",
		    error_name((enum error)erased->error));
	json_put_string(&fields, "reason", erased->error != ERROR_NONE ?
	    reason : "older than the destination's retention.days");
	(void)commit_line(erasure->spoold, EVENT_erased, &fields);
	erasure_log(erasure, "erased", erased, reason);
	commit_then(erasure->spoold, erasure->target->organization,
	    erasure_apply, erasure);
}

/*
 * It is there still.  One that may not go waits for a day by its file's mtime;
 * the destination's own trouble stops all of its, as long as spoold runs and
 * nobody changes it or asks for them.
 */
static void
erasure_keep(struct erasure *erasure, const struct link_erased *erased,
    const char *reason)
{
	const struct organization *org = erasure->target->organization;
	bool alone = erased->error == ERROR_PERMISSION_DENIED ||
	    erased->error == ERROR_WORKER_DIED;
	struct why why;

	erasure_log(erasure, "not erased", erased, reason);
	if (!alone)
		erasure->target->erase_again = clock_monotonic() +
		    ERASURE_AGAIN;
	else if (spool_set_due(org->spool, QUEUE_stored, erasure->path,
	    clock_wall() + ERASURE_AGAIN, &why) == -1)
		log_warning("%s: %s", org->id, why.text);
	erasure_end(erasure, ERASURE_KEPT, reason);
}

static void
erasure_fail(struct erasure *erasure, enum error error, const char *reason)
{
	const struct link_erased erased = { .error = (int32_t)error };

	erasure_keep(erasure, &erased, reason);
}

/* --- the beginning -------------------------------------------------------- */

void
erasure_start(struct spoold *s, struct target *target, const char *path,
    struct stored_record *record, erasure_done *done, void *arg)
{
	struct erasure *erasure = xcalloc(1, sizeof(*erasure));

	erasure->spoold = s;
	erasure->target = target;
	(void)snprintf(erasure->path, sizeof(erasure->path), "%s", path);
	erasure->record = *record;
	*record = (struct stored_record) { .sealed = NULL };
	erasure->token = ++s->tokens;
	erasure->since = clock_monotonic();
	erasure->done = done;
	erasure->arg = arg;
	TAILQ_INSERT_TAIL(&s->erasures, erasure, entry);
}

/* A job under a legal hold keeps what became of it, too. */
static bool
erasure_is_held(const struct erasure *erasure)
{
	char name[ID_LENGTH + 8];
	struct statx stat;
	struct why why;

	admit_job_name(&erasure->record.id, "legal", name);
	return spool_stat(erasure->target->organization->spool, QUEUE_jobs,
	    name, &stat, &why) != 0;
}

/* Where not all tickets are in memory, nobody can say. */
static bool
erasure_is_resent(const struct erasure *erasure)
{
	const struct organization *org = erasure->target->organization;

	return org->overflowed ||
	    (org->scanning != SCAN_NONE && org->taking_up) ||
	    tickets_find(org, &erasure->record.id, erasure->target->id) != NULL;
}

/* Sent again meanwhile, there is another. */
static bool
erasure_has_record(const struct erasure *erasure)
{
	struct statx stat;
	struct why why;

	return spool_stat(erasure->target->organization->spool, QUEUE_stored,
	    erasure->path, &stat, &why) == 1;
}

/* What was so when it began to wait may be so no more. */
static bool
erasure_is_due(const struct erasure *erasure)
{
	const struct destination *destination = erasure->target->destination;

	return destination != NULL &&
	    destination->transport == TRANSPORT_storage &&
	    destination->cleanup_days != 0 &&
	    erasure_due(&erasure->record, destination) <= clock_wall() &&
	    !erasure_is_resent(erasure) && !erasure_is_held(erasure) &&
	    erasure_has_record(erasure);
}

bool
erasure_runs(const struct spoold *s, const struct organization *org,
    const struct id *id, const char *destination)
{
	const struct erasure *erasure;

	TAILQ_FOREACH(erasure, &s->erasures, entry)
		if ((erasure->worker != NULL || erasure->over) &&
		    erasure->target->organization == org &&
		    id_compare(&erasure->record.id, id) == 0 &&
		    strcmp(erasure->target->id, destination) == 0)
			return true;
	return false;
}

static void
erasure_send(struct erasure *erasure, struct worker *worker,
    const char *config, const char *stored)
{
	struct link_record record;

	link_init(&record, LINK_erase);
	record.text[ERASE_config] = config;
	record.text[ERASE_stored] = stored;
	record.erase = (struct link_erase) {
		.token = erasure->token,
		.id = erasure->record.id,
		.timeout = erasure->target->destination->timeout,
	};
	memcpy(record.erase.sha256, erasure->record.sha256, SHA256_LENGTH);
	if (worker_send(worker, &record) != 1)
		return;		/* another turn */
	erasure->worker = worker;
	erasure->since = clock_monotonic();
	worker_attend(worker);
}

static void
erasure_hand_out(struct erasure *erasure, struct worker *worker)
{
	struct spoold *s = erasure->spoold;
	const struct secret *config;
	struct buf stored = { 0 };
	struct why why;

	config = target_config(s, erasure->target, &why);
	if (config == NULL)
		erasure_fail(erasure, ERROR_CONFIG_ERROR,
		    "the destination's credentials do not open");
	else if (stored_open(&erasure->record, s->vault,
	    erasure->target->organization->id, &stored, &why) == -1)
		erasure_fail(erasure, ERROR_PERMISSION_DENIED,
		    "the record of what was stored does not open");
	else
		erasure_send(erasure, worker, config->data, stored.data);
	buf_wipe(&stored);
}

void
erasures_run(struct spoold *s)
{
	struct erasure *erasure, *next;

	TAILQ_FOREACH_SAFE(erasure, &s->erasures, entry, next) {
		const struct target *target = erasure->target;
		struct worker *worker;

		if (erasure->over || erasure->worker != NULL)
			continue;
		if (!erasure_is_due(erasure)) {
			erasure_end(erasure, ERASURE_LATER, "");
			continue;
		}
		/* Its ticket may be among those that are about to wait. */
		if (target->organization->requeuing > 0)
			continue;
		worker = pool_worker(target->pool);
		if (worker != NULL)
			erasure_hand_out(erasure, worker);
	}
}

/* --- what workers say, or do not ------------------------------------------ */

static struct erasure *
erasure_find(const struct spoold *s, const struct worker *worker,
    uint64_t token)
{
	struct erasure *erasure;

	TAILQ_FOREACH(erasure, &s->erasures, entry)
		if (erasure->worker == worker && erasure->token == token)
			return erasure;
	return NULL;
}

bool
erasure_moved(struct spoold *s, const struct worker *worker,
    const struct link_record *record)
{
	struct erasure *erasure = erasure_find(s, worker,
	    record->progress.token);

	if (erasure != NULL)
		erasure->since = clock_monotonic();
	return erasure != NULL;
}

int
erasure_heard(struct spoold *s, struct worker *worker,
    const struct link_record *record, struct why *why)
{
	const struct link_erased *erased = &record->erased;
	const char *reason = record->text[ERASED_reason];
	struct erasure *erasure = erasure_find(s, worker, erased->token);

	if (erasure == NULL)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "it answers for an erasure that it does not hold");
	worker_leave(worker);
	erasure->worker = NULL;
	/* No line comes after the last: the next start asks once more. */
	if (s->phase >= PHASE_CLOSING)
		erasure_end(erasure, ERASURE_LATER, "");
	else if (erased->error == ERROR_NONE ||
	    erased->error == ERROR_CONFLICT)
		erasure_over(erasure, erased, reason);
	else
		erasure_keep(erasure, erased, reason);
	return 0;
}

void
erasures_died(struct spoold *s, struct worker *worker)
{
	struct erasure *erasure, *next;

	TAILQ_FOREACH_SAFE(erasure, &s->erasures, entry, next) {
		if (erasure->worker != worker)
			continue;
		worker_leave(worker);
		erasure->worker = NULL;
		if (s->phase >= PHASE_CLOSING)
			erasure_end(erasure, ERASURE_LATER, "");
		else
			erasure_fail(erasure, ERROR_WORKER_DIED,
			    "the worker process ended before it answered");
	}
}

void
erasures_check(struct spoold *s)
{
	int64_t now = clock_monotonic();
	struct erasure *erasure, *next;

	TAILQ_FOREACH_SAFE(erasure, &s->erasures, entry, next) {
		if (erasure->over || now - erasure->since <= target_patience(
		    erasure->target, erasure->worker != NULL))
			continue;
		if (erasure->worker != NULL)
			worker_kill(erasure->worker,
			    "silent for too long on an erasure");
		else
			erasure_end(erasure, ERASURE_LATER, "");
	}
}

void
erasures_end(struct spoold *s)
{
	struct erasure *erasure, *next;

	TAILQ_FOREACH_SAFE(erasure, &s->erasures, entry, next)
		erasure_free(erasure);
}
