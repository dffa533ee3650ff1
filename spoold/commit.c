/*
 * commit - collect, append, one sync, act
 *
 * An action may add further lines (a drop that was withdrawn meanwhile); they
 * are committed in the same call, so that the loop never sleeps on them.
 */
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
#define GATHER_TIME 2		/* ms that lines may wait for more */
#define GATHER_AWAITED 4	/* answers to come that make it worth while */
#define COMMIT_PATIENCE 10000	/* ms of a full disk that a stop waits for */

struct action {
	STAILQ_ENTRY(action) entry;
	struct organization *undone;	/* whose work waits for it, or NULL */
	void	(*act)(struct spoold *, void *);
	void	*arg;
};

enum commit_state { COMMIT_GOOD, COMMIT_STALLED, COMMIT_BROKEN };

STAILQ_HEAD(action_list, action);

struct commit {
	struct action_list first;	/* what sets a worker to work */
	struct action_list actions;
	struct action_list acting;	/* their lines are durable */
	struct action_list redo;	/* could not be carried out */
	struct timer	 redo_timer;
	enum commit_state state;
	int64_t		 since;		/* monotonic ms */
	struct timer	 again;
	struct timer	 gather;	/* only wakes the loop */
	int64_t		 gather_until;	/* monotonic ms, 0: nothing waits */
};

static struct action *
action_take(struct action_list *list)
{
	struct action *action = STAILQ_FIRST(list);

	if (action != NULL)
		STAILQ_REMOVE_HEAD(list, entry);
	return action;
}

static void
commit_wake(void *arg)
{
	(void)arg;
}

static void
commit_again(void *arg)
{
	commit_run(arg);
}

/* All of them are due again; the turn's commit runs them. */
static void
commit_redo_all(void *arg)
{
	struct spoold *s = arg;

	STAILQ_CONCAT(&s->commit->actions, &s->commit->redo);
}

struct commit *
commit_new(struct spoold *s)
{
	struct commit *commit = xcalloc(1, sizeof(*commit));

	STAILQ_INIT(&commit->first);
	STAILQ_INIT(&commit->actions);
	STAILQ_INIT(&commit->acting);
	STAILQ_INIT(&commit->redo);
	commit->redo_timer.fire = commit_redo_all;
	commit->redo_timer.arg = s;
	commit->again.fire = commit_again;
	commit->again.arg = s;
	commit->gather.fire = commit_wake;
	return commit;
}

void
commit_free(struct commit **commit)
{
	struct action *action;

	if (*commit == NULL)
		return;
	STAILQ_CONCAT(&(*commit)->actions, &(*commit)->first);
	STAILQ_CONCAT(&(*commit)->actions, &(*commit)->acting);
	STAILQ_CONCAT(&(*commit)->actions, &(*commit)->redo);
	while ((action = action_take(&(*commit)->actions)) != NULL)
		free(action);
	free(*commit);
	*commit = NULL;
}

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
action_new(void (*act)(struct spoold *, void *), void *arg)
{
	struct action *action = xcalloc(1, sizeof(*action));

	action->act = act;
	action->arg = arg;
	return action;
}

void
commit_then(struct spoold *s, void (*act)(struct spoold *, void *), void *arg)
{
	struct action *action = action_new(act, arg);

	STAILQ_INSERT_TAIL(&s->commit->actions, action, entry);
}

void
commit_then_first(struct spoold *s, void (*act)(struct spoold *, void *),
    void *arg)
{
	struct action *action = action_new(act, arg);

	STAILQ_INSERT_TAIL(&s->commit->first, action, entry);
}

/* True if nothing is to be carried out but what could not be yet. */
static bool
commit_acted(const struct commit *commit)
{
	return STAILQ_EMPTY(&commit->first) && STAILQ_EMPTY(&commit->actions);
}

void
commit_redo(struct spoold *s, struct organization *org,
    void (*act)(struct spoold *, void *), void *arg, const char *reason)
{
	struct action *action = action_new(act, arg);

	action->undone = org;
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
	return commit_acted(s->commit) && STAILQ_EMPTY(&s->commit->redo);
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

bool
commit_gathers(struct spoold *s)
{
	struct commit *commit = s->commit;
	int64_t now = clock_monotonic();

	if (s->phase != PHASE_RUNNING || commit->state != COMMIT_GOOD ||
	    journal_pending(s->journal) == 0 ||
	    s->awaited + s->drops_at_work < GATHER_AWAITED) {
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
commit_act(struct spoold *s)
{
	struct commit *commit = s->commit;
	struct action *action;

	/* What these add waits for lines of its own. */
	STAILQ_CONCAT(&commit->acting, &commit->first);
	STAILQ_CONCAT(&commit->acting, &commit->actions);
	while ((action = action_take(&commit->acting)) != NULL) {
		if (action->undone != NULL && --action->undone->undone == 0)
			s->look_for_work = true;
		action->act(s, action->arg);
		free(action);
	}
	if (STAILQ_EMPTY(&s->commit->redo))
		alert_end(s, ALERT_action);
}

void
commit_run(struct spoold *s)
{
	struct why why;

	while (journal_pending(s->journal) > 0 || !commit_acted(s->commit)) {
		if (s->commit->state == COMMIT_BROKEN)
			return;
		switch (journal_commit(s->journal, &why)) {
		case 1:
			commit_changed(s, COMMIT_GOOD, NULL);
			break;
		case 0:
			commit_changed(s, COMMIT_STALLED, &why);
			timer_set(s->loop, &s->commit->again,
			    clock_monotonic() + COMMIT_AGAIN);
			return;
		default:
			commit_changed(s, COMMIT_BROKEN, &why);
			return;
		}
		commit_act(s);
	}
}
