/*
 * sweep_stored - what autoCleanup is to erase at destinations
 *
 * The days up to today are walked; what is due is handed to workers, a few at a
 * time, and the next is looked for when one of them has ended.  Nothing is kept
 * of what was looked at but how many stay, and why the last of them does.
 *
 * What stays though it is due alerts, but where that is wanted: a legal hold,
 * or a destination that erases no more.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/spool.h"
#include "lib/stored_file.h"
#include "lib/xalloc.h"

#include "spoold/alert.h"
#include "spoold/erasure.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/sweep_work.h"
#include "spoold/target.h"

#define DAY_MS (24 * 3600 * 1000LL)
#define TIME_MAX (10 * 60 * 1000)	/* ms for an organization; the rest in
					 * the next hour */

struct stored_sweep {
	struct sweep_work *work;	/* borrowed */
	int64_t		 began;		/* monotonic ms */
	unsigned	 under_way;	/* erasures */
	bool		 walked;	/* all names were seen */
	int		 failed;	/* -1: not all, *why */
	struct why	 why;
	size_t		 kept;
	char		 reason[768];	/* why the last one is */
};

/* A record that is looked at. */
struct due {
	const char	*day;
	char		 path[STORED_PATH];
	struct stored_record record;
	struct target	*target;	/* borrowed */
};

static void
keep(struct stored_sweep *stored, const char *reason)
{
	stored->kept++;
	(void)snprintf(stored->reason, sizeof(stored->reason), "%s", reason);
}

/* --- one record ----------------------------------------------------------- */

static void
erased(void *arg, enum erasure_end end, const char *reason)
{
	struct stored_sweep *stored = arg;

	stored->under_way--;
	if (end == ERASURE_DONE)
		stored->work->counts[PURGE_stored]++;
	else if (end == ERASURE_KEPT)
		keep(stored, reason);
}

/* Later than on its day it was refused, or there are more days by now. */
static void
wait_on(struct stored_sweep *stored, struct due *due, int64_t when)
{
	struct why why;

	if (when > stored->work->now + ERASURE_AGAIN)
		return;		/* no refusal is for so long */
	if (stored_load(stored->work->organization->spool, due->path,
	    &due->record, &why) == -1)
		keep(stored, why.text);
	else if ((when - due->record.delivered_at) % DAY_MS != 0)
		keep(stored, "it was refused within the last day");
	stored_free(&due->record);
}

/* 1 if it is its time, 0 if not, -1 with *why. */
static int
is_time(struct stored_sweep *stored, struct due *due, struct why *why)
{
	struct sweep_work *work = stored->work;
	char day[CLOCK_DAY];
	struct statx stat;
	int64_t when;
	int found;

	work->budget -= SWEEP_STAT;
	found = spool_stat(work->organization->spool, QUEUE_stored, due->path,
	    &stat, why);
	if (found != 1)
		return found;
	when = sweep_modified(&stat);
	if (when <= work->now)
		return 1;
	clock_format_day(when, day);
	if (strcmp(day, due->day) > 0)
		wait_on(stored, due, when);
	return 0;
}

/*
 * The days of its destination may have become more since: it waits for them,
 * and stays where the line of its delivery says, which one sent again looks at.
 */
static bool
waits_longer(const struct sweep_work *work, const struct due *due)
{
	const struct spool *spool = work->organization->spool;
	int64_t when = erasure_due(&due->record, due->target->destination);
	struct why why;

	if (when <= work->now)
		return false;
	if (spool_set_due(spool, QUEUE_stored, due->path, when, &why) == -1)
		log_warning("%s: %s", work->organization->id, why.text);
	return true;
}

/* False if nothing can be asked of its destination, which may alert. */
static bool
is_possible(struct stored_sweep *stored, struct due *due)
{
	struct sweep_work *work = stored->work;
	const char *destination = due->record.destination;
	char reason[256];

	due->target = target_find(work->organization, destination);
	if (due->target == NULL ||
	    due->target->destination->transport != TRANSPORT_storage) {
		(void)snprintf(reason, sizeof(reason), "there is no "
		    "destination %s any more that stores", destination);
		keep(stored, reason);
		return false;
	}
	if (due->target->destination->cleanup_days == 0)
		return false;
	if (due->target->erase_again > clock_monotonic()) {
		(void)snprintf(reason, sizeof(reason), "the destination %s "
		    "refused within the last day", destination);
		keep(stored, reason);
		return false;
	}
	return true;
}

static void
take(struct stored_sweep *stored, struct due *due)
{
	struct sweep_work *work = stored->work;
	struct why why;

	if (!is_possible(stored, due))
		return;
	if (stored_load(work->organization->spool, due->path, &due->record,
	    &why) == -1)
		keep(stored, why.text);
	else if (!waits_longer(work, due)) {
		stored->under_way++;
		erasure_start(work->spoold, due->target, due->path,
		    &due->record, erased, stored);
	}
	stored_free(&due->record);
}

static int
look(struct stored_sweep *stored, const char *day, const char *name,
    struct why *why)
{
	struct sweep_work *work = stored->work;
	struct due due = { .day = day };
	int result;

	if (stored_parse(name, &due.record.id, due.record.destination) == -1)
		return 0;
	(void)snprintf(due.path, sizeof(due.path), "%s/%s", day, name);
	result = is_time(stored, &due, why);
	if (result != 1 || sweep_is_held(work, &due.record.id))
		return result;
	if (work->dry)
		work->counts[PURGE_stored]++;
	/* A command that runs while spoold is down connects to nobody. */
	else if (!work->spoold->offline)
		take(stored, &due);
	return 0;
}

/* --- the walk ------------------------------------------------------------- */

static void
walk_end(struct stored_sweep *stored)
{
	struct sweep_work *work = stored->work;

	if (stored->failed == 0 && work->list != NULL &&
	    spool_list_failed(work->list))
		stored->failed = why_set(&stored->why, ERROR_UNAVAILABLE,
		    "stored/ cannot be read to its end");
	spool_list_free(&work->list);
	stored->walked = true;
}

/* Others wait for the sweep, too; who asked for it waits for its end. */
static bool
is_enough(const struct stored_sweep *stored)
{
	return !stored->work->asked &&
	    clock_monotonic() - stored->began > TIME_MAX;
}

static void
walk(struct stored_sweep *stored)
{
	struct sweep_work *work = stored->work;
	const char *name, *day;

	while (!stored->walked && work->budget-- > 0 &&
	    stored->under_way < ERASURES_MAX) {
		name = is_enough(stored) ? NULL :
		    spool_list_next(work->list, &day);
		if (name != NULL)
			stored->failed = look(stored, day, name,
			    &stored->why);
		if (name == NULL || stored->failed == -1)
			walk_end(stored);
	}
}

static int
begin(struct sweep_work *work, struct why *why)
{
	struct stored_sweep *stored = xcalloc(1, sizeof(*stored));
	struct target *target;
	char day[CLOCK_DAY];

	clock_format_day(work->now, day);
	work->stored = stored;
	stored->work = work;
	stored->began = clock_monotonic();
	work->list = spool_list_until(work->organization->spool, QUEUE_stored,
	    day, why);
	/* Whoever asks has mended something. */
	if (work->asked && !work->dry)
		RB_FOREACH(target, targets, &work->organization->targets)
			target->erase_again = 0;
	return work->list == NULL ? -1 : 0;
}

/* It alerts as long as anything stays, of whichever organization. */
static void
tell(const struct stored_sweep *stored)
{
	struct spoold *s = stored->work->spoold;
	const struct organization *org;
	size_t kept = 0;

	stored->work->organization->unerased = stored->kept;
	TAILQ_FOREACH(org, &s->organizations, entry)
		kept += org->unerased;
	if (kept == 0)
		alert_end(s, ALERT_erase);
	else if (stored->kept > 0)
		alert_begin(s, ALERT_erase, "%s: what was stored %zu time%s "
		    "is due and still there: %s",
		    stored->work->organization->id, stored->kept,
		    stored->kept == 1 ? "" : "s", stored->reason);
}

bool
sweep_stored_waits(const struct sweep_work *work)
{
	return work->stored != NULL && work->stored->under_way > 0 &&
	    (work->stored->walked ||
	    work->stored->under_way == ERASURES_MAX);
}

void
sweep_stored_free(struct sweep_work *work)
{
	free(work->stored);
	work->stored = NULL;
}

int
sweep_stored(struct sweep_work *work, struct why *why)
{
	int result;

	if (work->stored == NULL && begin(work, why) == -1) {
		sweep_stored_free(work);
		return -1;
	}
	walk(work->stored);
	if (!work->stored->walked || work->stored->under_way > 0)
		return 0;
	if (!work->dry && !work->spoold->offline)
		tell(work->stored);
	result = work->stored->failed == -1 ? -1 : 1;
	if (result == -1)
		*why = work->stored->why;
	sweep_stored_free(work);
	return result;
}
