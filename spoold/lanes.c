/*
 * lanes - what follows from durable lines, carried out by turns
 *
 * A lane stands in the queue of turns only while it has something, so the many
 * organizations that have nothing cost a turn nothing.
 */
#include <stdlib.h>

#include "spoold/express.h"
#include "spoold/lanes.h"
#include "spoold/organization.h"

struct action *
actions_take(struct actions *list)
{
	struct action *action = STAILQ_FIRST(list);

	if (action != NULL)
		STAILQ_REMOVE_HEAD(list, entry);
	return action;
}

void
actions_forget(struct actions *list, const struct organization *org)
{
	struct action *action, *next;

	STAILQ_FOREACH_SAFE(action, list, entry, next) {
		if (action->organization != org)
			continue;
		STAILQ_REMOVE(list, action, action, entry);
		free(action);
	}
}

void
lane_init(struct lane lane[LANES])
{
	for (int i = 0; i < LANES; i++)
		STAILQ_INIT(&lane[i].actions);
}

void
lanes_init(struct lanes *lanes)
{
	for (int i = 0; i < LANES; i++)
		TAILQ_INIT(&lanes->turns[i]);
	lane_init(lanes->own);
}

static struct lane *
lane_of(struct lanes *lanes, struct organization *org)
{
	return org == NULL ? lanes->own : org->lanes;
}

void
lanes_add(struct lanes *lanes, struct actions *list)
{
	struct action *action;
	struct lane *lane;

	while ((action = actions_take(list)) != NULL) {
		lane = &lane_of(lanes, action->organization)[action->kind];
		if (STAILQ_EMPTY(&lane->actions))
			TAILQ_INSERT_TAIL(&lanes->turns[action->kind], lane,
			    entry);
		STAILQ_INSERT_TAIL(&lane->actions, action, entry);
	}
}

/* Whoever stands back has none, and the rest waits for what goes first. */
static bool
lane_has_turn(const struct spoold *s, const struct lanes *lanes,
    const struct lane *lane, bool all)
{
	const struct action *action = STAILQ_FIRST(&lane->actions);
	const struct organization *org = action->organization;
	const struct lane *first = org == NULL ? lanes->own : org->lanes;

	return (all || !express_yields(s, org)) &&
	    (action->kind == LANE_FIRST || STAILQ_EMPTY(&first->actions));
}

struct action *
lanes_next(const struct spoold *s, struct lanes *lanes, enum lane_kind kind,
    bool all)
{
	struct lane_queue *turns = &lanes->turns[kind];
	struct action *action;
	struct lane *lane;

	TAILQ_FOREACH(lane, turns, entry)
		if (lane_has_turn(s, lanes, lane, all))
			break;
	if (lane == NULL)
		return NULL;
	action = actions_take(&lane->actions);
	TAILQ_REMOVE(turns, lane, entry);
	if (!STAILQ_EMPTY(&lane->actions))
		TAILQ_INSERT_TAIL(turns, lane, entry);
	return action;
}

size_t
lanes_count(const struct spoold *s, const struct lanes *lanes,
    enum lane_kind kind, bool all)
{
	const struct lane *lane;
	size_t count = 0;

	TAILQ_FOREACH(lane, &lanes->turns[kind], entry)
		count += lane_has_turn(s, lanes, lane, all);
	return count;
}

bool
lanes_empty(const struct lanes *lanes)
{
	return TAILQ_EMPTY(&lanes->turns[LANE_FIRST]) &&
	    TAILQ_EMPTY(&lanes->turns[LANE_REST]);
}

void
lanes_forget(struct lanes *lanes, struct organization *org)
{
	struct lane *lane = lane_of(lanes, org);

	for (int i = 0; i < LANES; i++) {
		if (STAILQ_EMPTY(&lane[i].actions))
			continue;
		TAILQ_REMOVE(&lanes->turns[i], &lane[i], entry);
		actions_forget(&lane[i].actions, org);
	}
}
