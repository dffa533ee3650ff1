/*
 * sweep - finds what retention says is due, and has it purged
 *
 * One sweep is under way at a time; who asks meanwhile waits for the next.  Its
 * steps are rows of a table, done for each organization.  Each looks at some
 * names, and fills a batch; while a batch is on its way to the journal and
 * then carried out, the sweep waits, so that memory holds one.
 */
#include <sys/queue.h>
#include <sys/stat.h>

#include <stdlib.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/admit.h"
#include "spoold/alert.h"
#include "spoold/commit.h"
#include "spoold/organization.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/stepped.h"
#include "spoold/sweep.h"
#include "spoold/sweep_work.h"

#define SWEEP_FIRST (5 * 60 * 1000)	/* ms after the start */
#define SWEEP_EVERY (60 * 60 * 1000)	/* ms */

struct wish {
	STAILQ_ENTRY(wish) entry;
	struct organization *organization;	/* borrowed; NULL: all */
	struct request	*request;	/* borrowed; NULL: nobody asked */
	bool		 dry;
};

struct sweep {
	struct spoold	*spoold;	/* borrowed */
	struct timer	 timer;
	STAILQ_HEAD(, wish) wishes;
	struct wish	*wish;		/* own; that is under way, or NULL */
	size_t		 step;
	struct sweep_work work;
};

/* Payloads after the drops that may need them. */
static sweep_step *const steps[] = { sweep_held_drops, sweep_new_drops,
    sweep_tmp, sweep_payloads, sweep_refused, sweep_receipts, sweep_keys,
    sweep_links, sweep_jobs, sweep_stored, sweep_days };
#define STEPS (sizeof(steps) / sizeof(*steps))

/* --- what the steps share ------------------------------------------------- */

int64_t
sweep_changed(const struct statx *stat)
{
	return clock_from_timespec((struct timespec) {
	    .tv_sec = stat->stx_ctime.tv_sec,
	    .tv_nsec = stat->stx_ctime.tv_nsec });
}

int64_t
sweep_modified(const struct statx *stat)
{
	return clock_from_timespec((struct timespec) {
	    .tv_sec = stat->stx_mtime.tv_sec,
	    .tv_nsec = stat->stx_mtime.tv_nsec });
}

int64_t
sweep_retention(const struct sweep_work *work, enum purge_kind kind)
{
	const struct conf *conf = work->spoold->conf;
	const struct conf_organization *org =
	    organization_conf(work->spoold, work->organization);
	int64_t own[PURGE_KINDS] = {
		[PURGE_tmp] = org->retention_tmp,
		[PURGE_payloads] = org->retention_refused,
		[PURGE_refused] = org->retention_refused,
		[PURGE_receipts] = org->retention_receipts,
		[PURGE_keys] = conf->queue_idempotency_window,
		[PURGE_delivered] = org->retention_delivered,
		[PURGE_failed] = org->retention_failed,
	};
	int64_t all[PURGE_KINDS] = {
		[PURGE_tmp] = conf->retention_tmp,
		[PURGE_payloads] = conf->retention_refused,
		[PURGE_refused] = conf->retention_refused,
		[PURGE_receipts] = conf->retention_receipts,
		[PURGE_delivered] = conf->retention_delivered,
		[PURGE_failed] = conf->retention_failed,
	};

	return own[kind] >= 0 ? own[kind] : all[kind];
}

bool
sweep_is_held(const struct sweep_work *work, const struct id *id)
{
	char name[ID_LENGTH + 8];
	struct statx stat;
	struct why why;

	admit_job_name(id, "legal", name);
	return spool_stat(work->organization->spool, QUEUE_jobs, name, &stat,
	    &why) != 0;
}

struct purge *
sweep_batch(struct sweep_work *work, enum purge_kind kind)
{
	if (work->filling == NULL)
		work->filling = purge_new(work->spoold, work->organization,
		    kind);
	work->running_kind = kind;
	return work->filling;
}

static void
sweep_purged(void *arg, int64_t count, const struct why *why)
{
	struct sweep_work *work = arg;

	work->running = NULL;
	work->counts[work->running_kind] += count;
	if (why != NULL && !work->failed) {
		work->failed = true;
		work->why = *why;
	}
}

void
sweep_flush(struct sweep_work *work)
{
	if (work->filling == NULL)
		return;
	if (work->dry) {
		work->counts[work->running_kind] +=
		    (int64_t)purge_count(work->filling);
		purge_free(&work->filling);
		return;
	}
	work->running = work->filling;
	work->filling = NULL;
	purge_run(work->running, sweep_purged, work);
}

bool
sweep_spares(struct spoold *s, const struct organization *org,
    const struct id *id)
{
	struct sweep_work *work;

	if (s->sweep == NULL || s->sweep->wish == NULL)
		return true;
	work = &s->sweep->work;
	if (work->organization != org)
		return true;
	if ((work->running != NULL && purge_has(work->running, id)) ||
	    (work->filling != NULL && purge_has(work->filling, id)))
		return false;
	sweep_jobs_touch(work, id);
	return true;
}

/* --- wishes --------------------------------------------------------------- */

static void
wish_add(struct sweep *sweep, struct organization *org,
    struct request *request, bool dry)
{
	struct wish *wish = xcalloc(1, sizeof(*wish));

	wish->organization = org;
	wish->request = request;
	wish->dry = dry;
	STAILQ_INSERT_TAIL(&sweep->wishes, wish, entry);
}

static void
wish_fail(struct wish *wish, const struct why *why)
{
	if (wish->request != NULL)
		request_fail(wish->request, why);
	free(wish);
}

static void
wish_answer(struct wish *wish, const struct sweep_work *work)
{
	struct buf out = { 0 };
	int64_t total = 0;

	if (wish->request != NULL) {
		json_open(&out, NULL, '{');
		json_put_boolean(&out, "dryRun", wish->dry);
		json_open(&out, "kinds", '[');
		for (int i = 0; i < PURGE_KINDS; i++) {
			enum purge_kind kind = (enum purge_kind)i;

			json_open(&out, NULL, '{');
			json_put_string(&out, "kind", purge_name(kind));
			json_put_integer(&out, "count", work->counts[i]);
			json_put_string(&out, "unit",
			    purge_unit(kind, work->counts[i]));
			json_close(&out, '}');
			total += work->counts[i];
		}
		json_close(&out, ']');
		json_put_integer(&out, "totalCount", total);
		json_close(&out, '}');
		request_answer(wish->request, &out);
	}
	free(wish);
}

static void
sweep_due(void *arg)
{
	struct sweep *sweep = arg;

	wish_add(sweep, NULL, NULL, false);
	timer_set(sweep->spoold->loop, &sweep->timer,
	    clock_monotonic() + SWEEP_EVERY);
}

void
sweep_ask(struct spoold *s, struct organization *org,
    struct request *request, bool dry)
{
	wish_add(s->sweep, org, request, dry);
}

/* --- one sweep ------------------------------------------------------------ */

static void
work_begin(struct sweep *sweep)
{
	struct spoold *s = sweep->spoold;

	sweep->step = 0;
	sweep->work = (struct sweep_work) {
		.spoold = s,
		.dry = sweep->wish->dry,
		.asked = sweep->wish->request != NULL,
		.now = clock_wall(),
		.organization = sweep->wish->organization != NULL ?
		    sweep->wish->organization :
		    TAILQ_FIRST(&s->organizations),
	};
}

static void
work_end(struct sweep *sweep)
{
	spool_list_free(&sweep->work.list);
	purge_free(&sweep->work.filling);
	sweep_links_free(&sweep->work);
	sweep_jobs_free(&sweep->work);
	sweep_journal_free(&sweep->work);
	sweep_stored_free(&sweep->work);
	sweep->wish = NULL;
}

/* What stopped it alerts; the next sweep tries again. */
static void
sweep_fail(struct sweep *sweep, const struct why *why)
{
	struct wish *wish = sweep->wish;

	alert_begin(sweep->spoold, ALERT_purge, "%s", why->text);
	work_end(sweep);
	wish_fail(wish, why);
}

static void
sweep_end(struct sweep *sweep)
{
	struct wish *wish = sweep->wish;

	if (!wish->dry)
		alert_end(sweep->spoold, ALERT_purge);
	work_end(sweep);
	wish_answer(wish, &sweep->work);
}

/* Begins the next one that was asked for; false if there is none. */
static bool
sweep_begin(struct sweep *sweep)
{
	struct spoold *s = sweep->spoold;
	struct wish *wish = STAILQ_FIRST(&sweep->wishes);
	struct why why;

	if (wish == NULL)
		return false;
	STAILQ_REMOVE_HEAD(&sweep->wishes, entry);
	if (!wish->dry && stepped_pauses(s, &why)) {
		wish_fail(wish, &why);
		return true;
	}
	/* What a backup brought back a person looks at first. */
	if (!wish->dry && s->alerts[ALERT_restored].since != 0) {
		(void)why_set(&why, ERROR_UNAVAILABLE, "the spool was "
		    "restored from a backup: nothing is purged until spoold "
		    "was started anew");
		wish_fail(wish, &why);
		return true;
	}
	sweep->wish = wish;
	work_begin(sweep);
	return true;
}

/* The step after one that is through; false at the end. */
static bool
sweep_advance(struct sweep *sweep)
{
	struct sweep_work *work = &sweep->work;

	if (work->organization == NULL)
		return false;		/* the journal was the last */
	if (++sweep->step < STEPS)
		return true;
	sweep->step = 0;
	sweep_links_free(work);
	work->drops_wait = false;
	work->organization = sweep->wish->organization != NULL ? NULL :
	    TAILQ_NEXT(work->organization, entry);
	return true;
}

static int
sweep_piece(struct sweep *sweep, struct why *why)
{
	struct sweep_work *work = &sweep->work;
	sweep_step *step = work->organization == NULL ? sweep_journal :
	    steps[sweep->step];

	work->budget = SWEEP_PIECE;
	return step(work, why);
}

bool
sweep_is_idle(const struct spoold *s)
{
	return s->sweep == NULL || (s->sweep->wish == NULL &&
	    STAILQ_EMPTY(&s->sweep->wishes));
}

bool
sweep_waits(const struct spoold *s)
{
	const struct sweep *sweep = s->sweep;

	return sweep->wish != NULL && sweep->work.running == NULL &&
	    !sweep_journal_waits(&sweep->work) &&
	    !sweep_stored_waits(&sweep->work);
}

bool
sweep_run(struct spoold *s)
{
	struct sweep *sweep = s->sweep;
	struct sweep_work *work = &sweep->work;
	struct why why;
	int through;

	if (s->phase != PHASE_RUNNING)
		return false;
	if (sweep->wish == NULL)
		return sweep_begin(sweep);
	if (!sweep_waits(s))
		return false;
	/* Nothing is collected for a journal that cannot take it; nor while a
	 * line is on its way, which may move a ticket that is looked at. */
	if (journal_pending(s->journal) > 0 ||
	    (!work->dry && !commit_possible(s, work->organization)))
		return false;
	if (work->failed) {
		sweep_fail(sweep, &work->why);
		return true;
	}
	through = sweep_piece(sweep, &why);
	if (through == -1)
		sweep_fail(sweep, &why);
	else if (through == 1 && work->running == NULL &&
	    !sweep_advance(sweep))
		sweep_end(sweep);
	return true;
}

/* --- beginning and end ---------------------------------------------------- */

struct sweep *
sweep_new(struct spoold *s)
{
	struct sweep *sweep = xcalloc(1, sizeof(*sweep));

	sweep->spoold = s;
	STAILQ_INIT(&sweep->wishes);
	sweep->timer.fire = sweep_due;
	sweep->timer.arg = sweep;
	if (!s->offline)
		timer_set(s->loop, &sweep->timer,
		    clock_monotonic() + SWEEP_FIRST);
	return sweep;
}

void
sweep_stop(struct spoold *s)
{
	struct sweep *sweep = s->sweep;
	struct wish *wish;
	struct why why;

	if (sweep == NULL)
		return;
	(void)why_set(&why, ERROR_UNAVAILABLE, "spoold ends");
	if (sweep->wish != NULL && sweep->wish->request != NULL) {
		request_fail(sweep->wish->request, &why);
		sweep->wish->request = NULL;
	}
	while ((wish = STAILQ_FIRST(&sweep->wishes)) != NULL) {
		STAILQ_REMOVE_HEAD(&sweep->wishes, entry);
		wish_fail(wish, &why);
	}
}

void
sweep_free(struct sweep **sweep)
{
	if (*sweep == NULL)
		return;
	if ((*sweep)->wish != NULL) {
		free((*sweep)->wish);
		work_end(*sweep);
	}
	timer_clear((*sweep)->spoold->loop, &(*sweep)->timer);
	free(*sweep);
	*sweep = NULL;
}
