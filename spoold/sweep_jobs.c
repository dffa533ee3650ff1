/*
 * sweep_jobs - finished jobs, which go whole: payload, job and all tickets
 *
 * Nothing says which tickets a job has but the names in the directories.  So
 * the tickets that have rested long enough give ids; then all directories are
 * walked once more, to complete those ids with all of their tickets; and those
 * jobs go of which every ticket is at rest and the last one for long enough.
 *
 * Memory holds JOBS_MAX ids at a time: the lowest, then the next above them.
 * Ids begin with their time, so in the normal run the first window is all.
 *
 * A ticket that is moved while directories are walked may be missed.  Whatever
 * moves one says so (sweep_spares), and its job stays until the next sweep.
 */
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/sweep_work.h"

#define JOBS_MAX 20000

struct rested {
	struct id	 id;
	bool		 kept;		/* a ticket waits, or was touched */
	bool		 failed;	/* a ticket is in failed/ */
	int64_t		 rested;	/* wall ms, when the last one came */
	char		**tickets;	/* own, and each; in done/ with its day */
	size_t		 ticket_count;
};

enum phase_of_jobs { COLLECT, COMPLETE, PURGE_DELIVERED, PURGE_FAILED };

struct job_sweep {
	enum phase_of_jobs phase;
	size_t		 place;		/* of the queues of that phase */
	struct id	 ids[2 * JOBS_MAX];
	size_t		 id_count;
	struct id	 floor, ceiling;	/* of the window: above, up to */
	bool		 has_floor, has_ceiling;
	struct rested	*jobs;		/* own; by id */
	size_t		 job_count;
	size_t		 at;		/* the job that is looked at next */
};

static const enum queue resting[] = { QUEUE_failed, QUEUE_done };
/* As tickets move by themselves, so that none is missed that does. */
static const enum queue all[] = { QUEUE_hold, QUEUE_retry, QUEUE_cur,
    QUEUE_failed, QUEUE_done };

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* --- ids ------------------------------------------------------------------ */

static int
compare_ids(const void *a, const void *b)
{
	return id_compare(a, b);
}

static int
compare_job(const void *id, const void *job)
{
	return id_compare(id, &((const struct rested *)job)->id);
}

/* Each once, in order, and no more than the window takes. */
static void
ids_settle(struct job_sweep *jobs)
{
	size_t kept = 0;

	if (jobs->id_count == 0)
		return;
	qsort(jobs->ids, jobs->id_count, sizeof(*jobs->ids), compare_ids);
	for (size_t i = 0; i < jobs->id_count; i++)
		if (kept == 0 || id_compare(&jobs->ids[i],
		    &jobs->ids[kept - 1]) != 0)
			jobs->ids[kept++] = jobs->ids[i];
	if (kept > JOBS_MAX) {
		kept = JOBS_MAX;
		jobs->ceiling = jobs->ids[kept - 1];
		jobs->has_ceiling = true;
	}
	jobs->id_count = kept;
}

static bool
in_window(const struct job_sweep *jobs, const struct id *id)
{
	return (!jobs->has_floor || id_compare(id, &jobs->floor) > 0) &&
	    (!jobs->has_ceiling || id_compare(id, &jobs->ceiling) <= 0);
}

/* When a ticket came to rest; 0 if it is not there any more, -1 with *why. */
static int64_t
rested_at(struct sweep_work *work, enum queue queue, const char *path,
    struct why *why)
{
	struct statx stat;
	int found;

	work->budget -= SWEEP_STAT;
	found = spool_stat(work->organization->spool, queue, path, &stat,
	    why);
	return found == 1 ? sweep_modified(&stat) : found;
}

static void
path_of(const char *day, const char *name, char out[TICKET_NAME_MAX +
    CLOCK_DAY])
{
	(void)snprintf(out, TICKET_NAME_MAX + CLOCK_DAY, "%s%s%s", day,
	    day[0] != '\0' ? "/" : "", name);
}

/* --- collecting: ids of tickets that have rested for long enough ---------- */

static int
collect(struct sweep_work *work, enum queue queue, const char *day,
    const char *name, struct why *why)
{
	int64_t limit = work->now - sweep_retention(work,
	    queue == QUEUE_done ? PURGE_delivered : PURGE_failed);
	char path[TICKET_NAME_MAX + CLOCK_DAY], last[CLOCK_DAY];
	struct job_sweep *jobs = work->jobs;
	struct ticket ticket;
	int64_t rested;

	clock_format_day(limit, last);
	if (strcmp(day, last) > 0 || ticket_parse(name, &ticket) == -1 ||
	    !in_window(jobs, &ticket.id))
		return 0;
	path_of(day, name, path);
	rested = rested_at(work, queue, path, why);
	if (rested == -1)
		return -1;
	if (rested == 0 || rested > limit)
		return 0;
	jobs->ids[jobs->id_count++] = ticket.id;
	if (jobs->id_count == LENGTH(jobs->ids))
		ids_settle(jobs);
	return 0;
}

/* --- completing: all tickets of these ------------------------------------- */

static void
job_add(struct rested *job, const char *path, bool failed, int64_t rested)
{
	job->tickets = xreallocarray(job->tickets, job->ticket_count + 1,
	    sizeof(*job->tickets));
	job->tickets[job->ticket_count++] = xstrdup(path);
	job->failed = job->failed || failed;
	if (rested > job->rested)
		job->rested = rested;
}

static int
complete(struct sweep_work *work, enum queue queue, const char *day,
    const char *name, struct why *why)
{
	char path[TICKET_NAME_MAX + CLOCK_DAY];
	struct ticket ticket;
	struct rested *job;
	int64_t rested;

	if (ticket_parse(name, &ticket) == -1)
		return 0;
	job = bsearch(&ticket.id, work->jobs->jobs, work->jobs->job_count,
	    sizeof(*job), compare_job);
	if (job == NULL || job->kept)
		return 0;
	if (queue != QUEUE_failed && queue != QUEUE_done) {
		job->kept = true;
		return 0;
	}
	path_of(day, name, path);
	rested = rested_at(work, queue, path, why);
	if (rested > 0)
		job_add(job, path, queue == QUEUE_failed, rested);
	return rested == -1 ? -1 : 0;
}

void
sweep_jobs_touch(struct sweep_work *work, const struct id *id)
{
	struct rested *job;

	if (work->jobs == NULL || work->jobs->job_count == 0)
		return;
	job = bsearch(id, work->jobs->jobs, work->jobs->job_count,
	    sizeof(*job), compare_job);
	if (job != NULL)
		job->kept = true;
}

/* --- walking -------------------------------------------------------------- */

typedef int	 walk_name(struct sweep_work *, enum queue, const char *day,
		    const char *name, struct why *);

/* A piece of these queues.  1 at their end, 0 or -1 with *why. */
static int
walk(struct sweep_work *work, const enum queue *queues, size_t count,
    walk_name *take, struct why *why)
{
	struct job_sweep *jobs = work->jobs;
	enum queue queue = queues[jobs->place];
	const char *name, *day;
	bool failed;

	if (work->list == NULL)
		work->list = spool_list(work->organization->spool, queue,
		    why);
	if (work->list == NULL)
		return -1;
	while (work->budget-- > 0) {
		name = spool_list_next(work->list, &day);
		if (name != NULL && take(work, queue, day, name, why) == -1)
			return -1;
		if (name != NULL)
			continue;
		failed = spool_list_failed(work->list);
		spool_list_free(&work->list);
		if (failed)
			return why_set(why, ERROR_UNAVAILABLE,
			    "%s/ cannot be read to its end",
			    queue_name(queue));
		jobs->place++;
		return jobs->place == count;
	}
	return 0;
}

/* --- purging -------------------------------------------------------------- */

static bool
job_is_due(const struct sweep_work *work, const struct rested *job)
{
	int64_t stays = sweep_retention(work, PURGE_delivered), other;

	if (job->failed) {
		other = sweep_retention(work, PURGE_failed);
		stays = other > stays ? other : stays;
	}
	return !job->kept && job->ticket_count > 0 &&
	    work->now - job->rested >= stays &&
	    tickets_first(work->organization, &job->id) == NULL &&
	    !sweep_is_linked(work, &job->id) &&
	    !sweep_is_held(work, &job->id);
}

static void
job_take(struct sweep_work *work, const struct rested *job)
{
	struct purge *purge = sweep_batch(work, job->failed ? PURGE_failed :
	    PURGE_delivered);

	purge_add_job(purge, &job->id,
	    (const char *const *)job->tickets, job->ticket_count);
}

/* Those of one kind: a batch is of one. */
static int
purge_piece(struct sweep_work *work, bool failed)
{
	struct job_sweep *jobs = work->jobs;
	const struct rested *job;

	for (; jobs->at < jobs->job_count && work->budget > 0; jobs->at++) {
		if (work->filling != NULL && purge_is_full(work->filling)) {
			sweep_flush(work);
			return 0;
		}
		work->budget--;
		job = &jobs->jobs[jobs->at];
		if (job->failed != failed || !job_is_due(work, job))
			continue;
		work->budget -= SWEEP_STAT;
		job_take(work, job);
	}
	if (jobs->at < jobs->job_count)
		return 0;
	sweep_flush(work);
	jobs->at = 0;
	return 1;
}

/* --- the phases ----------------------------------------------------------- */

static void
jobs_forget(struct job_sweep *jobs)
{
	for (size_t i = 0; i < jobs->job_count; i++) {
		for (size_t t = 0; t < jobs->jobs[i].ticket_count; t++)
			free(jobs->jobs[i].tickets[t]);
		free(jobs->jobs[i].tickets);
	}
	free(jobs->jobs);
	jobs->jobs = NULL;
	jobs->job_count = 0;
}

void
sweep_jobs_free(struct sweep_work *work)
{
	if (work->jobs == NULL)
		return;
	jobs_forget(work->jobs);
	free(work->jobs);
	work->jobs = NULL;
}

static void
jobs_make(struct job_sweep *jobs)
{
	ids_settle(jobs);
	jobs->jobs = xcalloc(jobs->id_count + 1, sizeof(*jobs->jobs));
	jobs->job_count = jobs->id_count;
	for (size_t i = 0; i < jobs->id_count; i++)
		jobs->jobs[i].id = jobs->ids[i];
}

/* The next window, if there is one; else all are through. */
static int
jobs_next_window(struct sweep_work *work)
{
	struct job_sweep *jobs = work->jobs;

	if (!jobs->has_ceiling) {
		sweep_jobs_free(work);
		return 1;
	}
	jobs_forget(jobs);
	jobs->floor = jobs->ceiling;
	jobs->has_floor = true;
	jobs->has_ceiling = false;
	jobs->id_count = 0;
	jobs->phase = COLLECT;
	return 0;
}

int
sweep_jobs(struct sweep_work *work, struct why *why)
{
	struct job_sweep *jobs = work->jobs;
	int through = 0;

	if (jobs == NULL)
		work->jobs = jobs = xcalloc(1, sizeof(*jobs));
	switch (jobs->phase) {
	case COLLECT:
		through = walk(work, resting, LENGTH(resting), collect, why);
		if (through == 1)
			jobs_make(jobs);
		/* Nothing is due, as in most hours. */
		if (through == 1 && jobs->job_count == 0)
			return jobs_next_window(work);
		break;
	case COMPLETE:
		through = walk(work, all, LENGTH(all), complete, why);
		break;
	case PURGE_DELIVERED:
		through = purge_piece(work, false);
		break;
	case PURGE_FAILED:
		if (purge_piece(work, true) == 1)
			return jobs_next_window(work);
		return 0;
	}
	if (through == 1) {
		jobs->phase++;
		jobs->place = 0;
	}
	return through == -1 ? -1 : 0;
}
