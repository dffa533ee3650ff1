/*
 * commit - collect, append, one sync, act
 *
 * While one sync is under way the next one's lines are collected, so that
 * under load each sync carries what came during the one before.  What an
 * action adds (a drop that was withdrawn meanwhile) waits for a sync of its
 * own.
 */
#include <sys/epoll.h>
#include <sys/queue.h>

#include <stdlib.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/alert.h"
#include "spoold/checkpoint.h"
#include "spoold/commit.h"
#include "spoold/loop.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"

#define COMMIT_AGAIN 1000	/* ms until a full disk is tried again */
#define GATHER_TIME 4		/* ms that lines may wait for more */
#define GATHER_AWAITED 4	/* answers to come that make it worth while */
#define COMMIT_PATIENCE 10000	/* ms of a full disk that a stop waits for */

enum commit_state { COMMIT_GOOD, COMMIT_STALLED, COMMIT_BROKEN };

struct commit {
	struct actions	 collected;
	struct actions	 syncing;	/* their lines are under way */
	struct lanes	 acting;	/* their lines are durable */
	struct actions	 redo;		/* could not be carried out */
	struct timer	 redo_timer;
	enum commit_state state;
	int64_t		 since;		/* monotonic ms */
	struct timer	 again;
	struct source	 synced;
	struct timer	 gather;	/* only wakes the loop */
	int64_t		 gather_until;	/* monotonic ms, 0: nothing waits */
	bool		 hurry;		/* one of those collected has nothing
					 * to gather */
};

/* --- collecting ----------------------------------------------------------- */

void
commit_fields(struct buf *fields, const char *org, const char *job)
{
	json_put_string(fields, "org", org);
	json_put_string(fields, "job", job);
}

int64_t
commit_line(struct spoold *s, enum event event, struct buf *fields)
{
	return commit_line_at(s, event, clock_wall(), fields);
}

int64_t
commit_line_at(struct spoold *s, enum event event, int64_t wall_ms,
    struct buf *fields)
{
	int64_t seq = journal_add_at(s->journal, event, wall_ms, fields);

	buf_free(fields);
	s->changed = true;
	return seq;
}

static struct action *
action_new(struct organization *org, enum lane_kind kind,
    void (*act)(struct spoold *, void *), void *arg)
{
	struct action *action = xcalloc(1, sizeof(*action));

	action->organization = org;
	action->kind = kind;
	action->act = act;
	action->arg = arg;
	return action;
}

/* Whoever has no answers to come has nothing to gain by waiting for more. */
static void
commit_collect(struct spoold *s, struct action *action)
{
	struct organization *org = action->organization;

	STAILQ_INSERT_TAIL(&s->commit->collected, action, entry);
	if (org != NULL)
		org->actions++;
	if (org == NULL ||
	    org->awaited + org->drops.at_work < GATHER_AWAITED)
		s->commit->hurry = true;
}

void
commit_then(struct spoold *s, struct organization *org,
    void (*act)(struct spoold *, void *), void *arg)
{
	commit_collect(s, action_new(org, LANE_REST, act, arg));
}

void
commit_then_first(struct spoold *s, struct organization *org,
    void (*act)(struct spoold *, void *), void *arg)
{
	commit_collect(s, action_new(org, LANE_FIRST, act, arg));
}

void
commit_redo(struct spoold *s, struct organization *org,
    void (*act)(struct spoold *, void *), void *arg, const char *reason)
{
	struct action *action = action_new(org, LANE_REST, act, arg);

	action->undone = true;
	org->undone++;
	if (STAILQ_EMPTY(&s->commit->redo)) {
		alert_begin(s, ALERT_action, "%s", reason);
		timer_set(s->loop, &s->commit->redo_timer,
		    clock_monotonic() + COMMIT_AGAIN);
	}
	STAILQ_INSERT_TAIL(&s->commit->redo, action, entry);
}

bool
commit_carried_out(const struct spoold *s)
{
	const struct commit *commit = s->commit;

	return STAILQ_EMPTY(&commit->collected) &&
	    STAILQ_EMPTY(&commit->syncing) && lanes_empty(&commit->acting) &&
	    STAILQ_EMPTY(&commit->redo);
}

bool
commit_possible(const struct spoold *s, const struct organization *org)
{
	return s->commit->state == COMMIT_GOOD && checkpoint_possible(s) &&
	    (org == NULL || org->undone == 0);
}

bool
commit_stuck(const struct spoold *s)
{
	return s->commit->state == COMMIT_BROKEN ||
	    (s->commit->state == COMMIT_STALLED &&
	    clock_monotonic() - s->commit->since > COMMIT_PATIENCE);
}

/* Says how the journal is, once when it changes. */
static void
commit_changed(struct spoold *s, enum commit_state state,
    const struct why *why)
{
	struct commit *commit = s->commit;

	if (commit->state == state)
		return;
	commit->state = state;
	commit->since = clock_monotonic();
	if (state == COMMIT_GOOD)
		alert_end(s, ALERT_journal);
	else
		alert_begin(s, ALERT_journal, "%s", why->text);
}

/*
 * True if what was collected may wait a moment more, because answers are about
 * to come that can share its sync.
 */
static bool
commit_gathers(struct spoold *s)
{
	struct commit *commit = s->commit;
	int64_t now = clock_monotonic();

	if (s->phase != PHASE_RUNNING || commit->state != COMMIT_GOOD ||
	    journal_pending(s->journal) == 0 || commit->hurry) {
		commit->gather_until = 0;
		return false;
	}
	if (commit->gather_until == 0) {
		commit->gather_until = now + GATHER_TIME;
		timer_set(s->loop, &commit->gather, commit->gather_until);
	}
	if (now < commit->gather_until)
		return true;
	commit->gather_until = 0;
	return false;
}

static void
action_run(struct spoold *s, struct action *action)
{
	struct organization *org = action->organization;

	if (org != NULL && (action->undone ? --org->undone == 0 :
	    --org->actions == ACTIONS_MAX - 1))
		s->look_for_work = true;
	action->act(s, action->arg);
	free(action);
}

/*
 * Carries out what is durable: all that sets workers to work, of the rest one
 * of each organization, and more while the turn has time, or all.
 */
static void
commit_act(struct spoold *s, bool all)
{
	struct commit *commit = s->commit;
	struct action *action;
	size_t least;

	while ((action = lanes_next(s, &commit->acting, LANE_FIRST,
	    all)) != NULL)
		action_run(s, action);
	least = lanes_count(s, &commit->acting, LANE_REST, all);
	for (size_t done = 0; all || done < least || !loop_is_late(s->loop);
	    done++) {
		action = lanes_next(s, &commit->acting, LANE_REST, all);
		if (action == NULL)
			break;
		action_run(s, action);
	}
	if (lanes_empty(&commit->acting) && STAILQ_EMPTY(&commit->redo))
		alert_end(s, ALERT_action);
}

/* Goes on where beginning or ending a sync returned that. */
static void
commit_went(struct spoold *s, int result, const struct why *why)
{
	struct commit *commit = s->commit;

	if (result == -1)
		commit_changed(s, COMMIT_BROKEN, why);
	else if (result == 0) {
		commit_changed(s, COMMIT_STALLED, why);
		timer_set(s->loop, &commit->again,
		    clock_monotonic() + COMMIT_AGAIN);
	} else if (!journal_syncing(s->journal)) {
		commit_changed(s, COMMIT_GOOD, NULL);
		lanes_add(&commit->acting, &commit->syncing);
	}
}

/* Begins to make durable what was collected, if there is any. */
static void
commit_begin(struct spoold *s)
{
	struct commit *commit = s->commit;
	struct why why;

	if (journal_syncing(s->journal) || commit->state == COMMIT_BROKEN)
		return;
	STAILQ_CONCAT(&commit->syncing, &commit->collected);
	commit->hurry = false;
	if (journal_pending(s->journal) > 0 || !STAILQ_EMPTY(&commit->syncing))
		commit_went(s, journal_begin(s->journal, &why), &why);
}

static void
commit_end(struct spoold *s, bool wait)
{
	bool syncing = journal_syncing(s->journal);
	struct why why;
	int result = journal_end(s->journal, wait, &why);

	/* What was woken for nothing has made nothing durable. */
	if (syncing)
		commit_went(s, result, &why);
}

/* True if something is to be written, and can be. */
static bool
commit_has_lines(const struct spoold *s)
{
	const struct commit *commit = s->commit;

	return commit->state == COMMIT_GOOD &&
	    (journal_pending(s->journal) > 0 ||
	    !STAILQ_EMPTY(&commit->collected));
}

void
commit_wait(struct spoold *s)
{
	do {
		if (journal_syncing(s->journal))
			commit_end(s, true);
		else
			commit_begin(s);
		commit_act(s, true);
	} while (!lanes_empty(&s->commit->acting) || commit_has_lines(s));
}

bool
commit_turn(struct spoold *s, bool whole)
{
	const struct lanes *acting = &s->commit->acting;
	bool gathers = commit_gathers(s);

	if (!gathers && whole)
		commit_wait(s);
	else if (!gathers)
		commit_begin(s);
	commit_act(s, false);
	/* Else the end of the sync, or of gathering, wakes the loop. */
	return lanes_count(s, acting, LANE_FIRST, false) > 0 ||
	    lanes_count(s, acting, LANE_REST, false) > 0 ||
	    (!gathers && !journal_syncing(s->journal) && commit_has_lines(s));
}

void
commit_forget(struct spoold *s, struct organization *org)
{
	struct commit *commit = s->commit;

	if (commit == NULL)
		return;
	lanes_forget(&commit->acting, org);
	actions_forget(&commit->collected, org);
	actions_forget(&commit->syncing, org);
	actions_forget(&commit->redo, org);
}

/* --- the beginning and the end -------------------------------------------- */

/* It only wakes the loop, whose every turn commits. */
static void
commit_wake(void *arg)
{
	(void)arg;
}

/* All of them are due again; the turn's commit runs them. */
static void
commit_redo_all(void *arg)
{
	struct spoold *s = arg;

	STAILQ_CONCAT(&s->commit->collected, &s->commit->redo);
}

static void
commit_synced(void *arg, uint32_t events)
{
	(void)events;
	commit_end(arg, false);
}

struct commit *
commit_new(struct spoold *s, struct why *why)
{
	struct commit *commit = xcalloc(1, sizeof(*commit));
	int fd = journal_sync_ready(s->journal);

	STAILQ_INIT(&commit->collected);
	STAILQ_INIT(&commit->syncing);
	STAILQ_INIT(&commit->redo);
	lanes_init(&commit->acting);
	commit->redo_timer.fire = commit_redo_all;
	commit->redo_timer.arg = s;
	commit->again.fire = commit_wake;
	commit->gather.fire = commit_wake;
	commit->synced.ready = commit_synced;
	commit->synced.arg = s;
	commit->synced.fd = -1;
	if (fd != -1 &&
	    source_add(s->loop, &commit->synced, fd, EPOLLIN, why) == -1)
		commit_free(&commit);
	return commit;
}

void
commit_free(struct commit **cp)
{
	struct commit *commit = *cp;

	if (commit == NULL)
		return;
	/* Those of organizations went with them. */
	lanes_forget(&commit->acting, NULL);
	actions_forget(&commit->collected, NULL);
	actions_forget(&commit->syncing, NULL);
	actions_forget(&commit->redo, NULL);
	free(commit);
	*cp = NULL;
}
