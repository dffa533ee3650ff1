/*
 * sweep_journal - segments of the journal, from the oldest on
 *
 * While any job is under a legal hold all of the journal stays.  Else a segment
 * goes when its last line is too old and recovery needs none of it: what is
 * left of it is written in its place, durably, before it is removed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/id.h"
#include "lib/journal_purged.h"
#include "lib/log.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/commit.h"
#include "spoold/durable.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/sweep_work.h"

struct journal_sweep {
	struct organization *organization;	/* borrowed; whose holds are
						 * looked for; NULL: all were */
	struct journal_old *old;	/* own; the segment that is read */
	size_t		 skip;		/* of a dry run, those counted */
	bool		 waiting;	/* one is on its way */
	int		 error;		/* errno of that, 0: none */
};

void
sweep_journal_free(struct sweep_work *work)
{
	if (work->journal == NULL)
		return;
	journal_old_free(&work->journal->old);
	free(work->journal);
	work->journal = NULL;
}

/* --- legal holds ---------------------------------------------------------- */

static bool
is_hold(const char *name)
{
	struct id id;

	return id_parse(name, &id) == 0 &&
	    strcmp(name + ID_LENGTH, ".legal") == 0;
}

/* 1 if there is a hold, 0 if the piece had none, -1 with *why. */
static int
look_for_holds(struct sweep_work *work, struct why *why)
{
	struct journal_sweep *j = work->journal;
	const char *name = NULL, *day;
	bool failed;

	if (work->list == NULL)
		work->list = spool_list(j->organization->spool, QUEUE_jobs,
		    why);
	if (work->list == NULL)
		return -1;
	while (work->budget-- > 0) {
		name = spool_list_next(work->list, &day);
		if (name == NULL)
			break;
		if (is_hold(name))
			return 1;
	}
	if (name != NULL)
		return 0;
	failed = spool_list_failed(work->list);
	spool_list_free(&work->list);
	j->organization = TAILQ_NEXT(j->organization, entry);
	return failed ? why_set(why, ERROR_UNAVAILABLE,
	    "jobs/ cannot be read to its end") : 0;
}

/* --- one segment ---------------------------------------------------------- */

static void
segment_removed(void *arg, int error)
{
	struct sweep_work *work = arg;

	work->journal->waiting = false;
	work->journal->error = error;
	if (error == 0)
		work->counts[PURGE_journal]++;
	journal_old_free(&work->journal->old);
}

/* What is left of it is durable. */
static void
segment_replaced(void *arg, int error)
{
	struct sweep_work *work = arg;
	char *path;

	if (error != 0) {
		segment_removed(work, error);
		return;
	}
	path = journal_old_path(work->journal->old);
	log_info("purged %s", path);
	durable_put(work->spoold->durable, path, NULL, 0, segment_removed,
	    work);
	free(path);
}

/* The action of its line. */
static void
segment_apply(struct spoold *s, void *arg)
{
	struct sweep_work *work = arg;
	char *path = journal_old_purged_path(work->journal->old);
	struct buf text = { 0 };

	journal_old_text(work->journal->old, &text);
	durable_put(s->durable, path, text.data, text.len, segment_replaced,
	    work);
	buf_free(&text);
	free(path);
}

static void
segment_purge(struct sweep_work *work)
{
	struct buf fields = { 0 };

	json_put_string(&fields, "kind", purge_name(PURGE_journal));
	json_put_integer(&fields, "count", 1);
	journal_old_fields(work->journal->old, &fields);
	(void)commit_line(work->spoold, EVENT_purged, &fields);
	work->journal->waiting = true;
	commit_then(work->spoold, NULL, segment_apply, work);
}

/* A piece of the oldest one: 1 if no more are due, 0, -1 with *why. */
static int
segment_step(struct sweep_work *work, struct why *why)
{
	struct spoold *s = work->spoold;
	struct journal_sweep *j = work->journal;
	char *directory;
	int result;

	if (j->old == NULL) {
		directory = xasprintf("%s/journal",
		    s->conf->top_log_directory);
		j->old = journal_old_open(directory, j->skip,
		    journal_needed(s->journal), journal_instance(s->journal),
		    why);
		free(directory);
		return j->old != NULL ? 0 : why->code == ERROR_NONE ? 1 : -1;
	}
	result = journal_old_read(j->old, work->budget, why);
	if (result != 1)
		return result;
	if (work->now - journal_old_time(j->old) < s->conf->retention_journal)
		return 1;
	if (!work->dry) {
		segment_purge(work);
		return 0;
	}
	work->counts[PURGE_journal]++;
	j->skip++;
	journal_old_free(&j->old);
	return 0;
}

int
sweep_journal(struct sweep_work *work, struct why *why)
{
	struct journal_sweep *j = work->journal;
	int held;

	if (j == NULL) {
		work->journal = j = xcalloc(1, sizeof(*j));
		j->organization = TAILQ_FIRST(&work->spoold->organizations);
	}
	if (j->error != 0) {
		errno = j->error;
		return why_errno(why, "purge a segment of the journal");
	}
	if (j->waiting)
		return 0;
	if (j->organization != NULL) {
		held = look_for_holds(work, why);
		return held;
	}
	return segment_step(work, why);
}

bool
sweep_journal_waits(const struct sweep_work *work)
{
	return work->journal != NULL && work->journal->waiting;
}
