/*
 * schedule - which ticket is attempted next
 *
 * No destination holds more than half of the slots that the others leave free
 * (but always one), so one that hangs leaves half of the rest to the next,
 * and however many hang, there is room for one more.  Where there is more than
 * one organization, none holds more than half of what the others leave free,
 * either.  One that may start no more by its ratePerMinute is looked at again
 * when it may.
 */
#include "lib/clock.h"
#include "lib/log.h"

#include "spoold/commit.h"
#include "spoold/flight.h"
#include "spoold/organization.h"
#include "spoold/schedule.h"
#include "spoold/spoold.h"
#include "spoold/target.h"
#include "spoold/worker.h"

unsigned
schedule_limit(const struct target *target)
{
	const struct pool *pool = target->pool;
	/* What it has under way may be in another one since a reload. */
	unsigned others = pool->busy > target->in_flight ?
	    pool->busy - target->in_flight : 0;
	unsigned limit = (pool->concurrency - others) / 2;
	unsigned own = (unsigned)target->destination->concurrency;

	if (limit > (unsigned)target->window)
		limit = (unsigned)target->window;
	if (own != 0 && limit > own)
		limit = own;
	return limit == 0 ? 1 : limit;
}

/* True if `a` goes before `b`. */
static bool
schedule_before(const struct waiting *a, const struct waiting *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	if (a->target->in_flight != b->target->in_flight)
		return a->target->in_flight < b->target->in_flight;
	return id_compare(&a->id, &b->id) < 0;
}

/*
 * The next ticket of a destination, if it may have an attempt now; one that is
 * staged goes before others of its priority.
 */
static struct waiting *
schedule_candidate(struct spoold *s, struct target *target, int64_t now)
{
	struct flight *staged = TAILQ_FIRST(&target->staged);
	struct waiting *w;
	int64_t pause;

	if ((RB_EMPTY(&target->ready) && staged == NULL) ||
	    target_gate(target) != GATE_open ||
	    target->in_flight >= schedule_limit(target))
		return NULL;
	pause = target_pause(target, now);
	if (pause == 0) {
		w = target_next(target);
		return staged != NULL && (w == NULL ||
		    w->priority <= staged->waiting->priority) ?
		    staged->waiting : w;
	}
	/* The ms in which it may. */
	pause = pause / 1000 + 1;
	if (!s->pace_timer.set || s->pace_timer.due > pause)
		timer_set(s->loop, &s->pace_timer, pause);
	return NULL;
}

static struct waiting *
schedule_pick(struct spoold *s, struct organization *org,
    const struct pool *pool, int64_t now)
{
	struct waiting *w, *best = NULL;
	struct target *target;

	RB_FOREACH(target, targets, &org->targets) {
		if (target->pool != pool)
			continue;
		w = schedule_candidate(s, target, now);
		if (w != NULL && (best == NULL || schedule_before(w, best)))
			best = w;
	}
	return best;
}

/* One less to do in this turn; none if it is late. */
static void
schedule_count(const struct spoold *s, int64_t *left)
{
	*left = loop_is_late(s->loop) ? 0 : *left - 1;
}

/* How many attempts an organization may have under way. */
static unsigned
schedule_share(const struct spoold *s, const struct organization *org)
{
	unsigned most = (unsigned)s->conf->queue_concurrency;
	unsigned others = s->in_flight - org->in_flight;
	unsigned share;

	if (org == TAILQ_FIRST(&s->organizations) &&
	    TAILQ_NEXT(org, entry) == NULL)
		return most;
	share = others < most ? (most - others) / 2 : 0;
	return share == 0 ? 1 : share;
}

static bool
schedule_may(const struct spoold *s, const struct organization *org)
{
	return s->in_flight < (unsigned)s->conf->queue_concurrency &&
	    org->in_flight < schedule_share(s, org);
}

/* True if one of its tickets may be staged. */
static bool
schedule_may_stage(const struct target *target, const struct pool *pool)
{
	unsigned limit;

	if (target->pool != pool || !target->quick ||
	    target_gate(target) != GATE_open || target->destination->ordered ||
	    target->destination->rate_per_minute != 0 ||
	    RB_EMPTY(&target->ready))
		return false;
	limit = schedule_limit(target);
	return target->in_flight >= limit && target->staged_count < limit;
}

/*
 * Stages as many as have slots, so that a slot that becomes free can be used
 * at once; of the destination that has fewest.  One whose answers take long has
 * nothing to gain, and what its tickets wait for should stay plain.
 */
static void
schedule_stage(struct spoold *s, struct organization *org,
    const struct pool *pool, int64_t *left)
{
	struct target *target, *best;

	while (*left > 0 && org->staged < schedule_share(s, org)) {
		best = NULL;
		RB_FOREACH(target, targets, &org->targets)
			if (schedule_may_stage(target, pool) &&
			    (best == NULL ||
			    target->staged_count < best->staged_count))
				best = target;
		if (best == NULL || !flight_start(s, target_next(best), NULL))
			return;
		schedule_count(s, left);
	}
}

static void
schedule_pool(struct spoold *s, struct organization *org, struct pool *pool)
{
	int64_t now = clock_monotonic_us(), left = s->conf->queue_batch_size;
	struct worker *worker;
	struct waiting *w;

	while (left > 0 && schedule_may(s, org) &&
	    (w = schedule_pick(s, org, pool, now)) != NULL &&
	    (worker = pool_worker(pool)) != NULL) {
		schedule_count(s, &left);
		if (w->flight != NULL) {
			flight_dispatch(w->flight, worker);
			continue;
		}
		target_started(w->target, now);
		if (!flight_start(s, w, worker))
			return;
	}
	schedule_stage(s, org, pool, &left);
	/* More of the same in the next turn. */
	if (left == 0)
		s->look_for_work = true;
}

void
schedule_wake(void *arg)
{
	struct spoold *s = arg;

	s->look_for_work = true;
}

void
schedule_run(struct spoold *s)
{
	struct organization *org;
	struct pool *pool;

	if (s->phase != PHASE_RUNNING || !s->look_for_work ||
	    !commit_possible(s, NULL))
		return;
	s->look_for_work = false;
	for (org = s->first; org != NULL; org = organizations_next(s, org)) {
		if (org->undone != 0 || express_yields(s, org))
			continue;
		for (int i = 0; i < TRANSPORTS; i++)
			schedule_pool(s, org, org->pools[i]);
		TAILQ_FOREACH(pool, &org->pipes, of_pipes)
			schedule_pool(s, org, pool);
	}
}

/* One that is due goes to cur/. */
static void
schedule_move(struct spoold *s, struct organization *org, struct waiting *w)
{
	char name[TICKET_NAME_MAX];
	struct why why;
	int result;

	tickets_name(w, name);
	result = spool_move(org->spool, QUEUE_retry, name, QUEUE_cur, name,
	    &why);
	if (result == 1) {
		tickets_place(s, w, QUEUE_cur, 0);
		return;
	}
	/* A person was faster; what is where, a scan finds out. */
	if (result == -1)
		log_warning("%s: %s", name, why.text);
	tickets_place(s, w, QUEUE_retry, clock_wall() +
	    s->conf->queue_scan_interval);
	organization_scan(org, SCAN_ALL);
}

void
schedule_due(struct spoold *s)
{
	int64_t now = clock_monotonic(), next = INT64_MAX, left;
	struct organization *org;
	struct waiting *w;

	for (org = s->first; org != NULL; org = organizations_next(s, org)) {
		if (express_yields(s, org))
			continue;	/* the turn after looks again */
		left = s->conf->queue_batch_size;
		for (; left > 0 && (w = RB_MIN(waiting_by_due,
		    &org->due)) != NULL && w->due <= now;
		    schedule_count(s, &left))
			schedule_move(s, org, w);
		w = RB_MIN(waiting_by_due, &org->due);
		if (w != NULL && w->due < next)
			next = w->due;
	}
	if (next != INT64_MAX)
		timer_set(s->loop, &s->due_timer, next);
}
