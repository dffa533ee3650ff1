/*
 * lanes - what follows from durable lines, carried out by turns
 *
 * One organization's actions are carried out as often as another's.  Of an
 * organization what sets a worker to work goes before the rest, and else they
 * keep the order in which they were given.
 */
#ifndef SPOOLD_LANES_H
#define SPOOLD_LANES_H

#include <sys/queue.h>

#include <stdbool.h>

struct organization;
struct spoold;

#define ACTIONS_MAX 256		/* an organization's; beyond, no drop of it is
				 * looked at */

enum lane_kind {
	LANE_FIRST,		/* what sets a worker to work */
	LANE_REST,		/* when there is none of that */
	LANES
};

struct action {
	STAILQ_ENTRY(action) entry;
	struct organization *organization;	/* borrowed; NULL: spoold's */
	enum lane_kind	 kind;
	bool		 undone;	/* the organization's work waits for
					 * it */
	void	(*act)(struct spoold *, void *);
	void	*arg;
};
STAILQ_HEAD(actions, action);

/* Of an organization, or of spoold itself. */
struct lane {
	TAILQ_ENTRY(lane) entry;	/* while it has any */
	struct actions	 actions;	/* own */
};
TAILQ_HEAD(lane_queue, lane);

struct lanes {
	struct lane_queue turns[LANES];	/* whose turn is next */
	struct lane	 own[LANES];	/* spoold's */
};

void	 lanes_init(struct lanes *);

/* An organization's. */
void	 lane_init(struct lane[LANES]);

/* Takes over all of a list. */
void	 lanes_add(struct lanes *, struct actions *);

/*
 * The action whose turn it is, taken out: the caller's; NULL: there is none.
 * Organizations that stand back have no turn, unless `all` have.
 */
struct action	*lanes_next(const struct spoold *, struct lanes *,
		    enum lane_kind, bool all);

/* How many have a turn, without those that stand back unless `all` have. */
size_t	 lanes_count(const struct spoold *, const struct lanes *,
	    enum lane_kind, bool all);

bool	 lanes_empty(const struct lanes *);

/* Frees an organization's, in the lanes or in a list. */
void	 lanes_forget(struct lanes *, struct organization *);
void	 actions_forget(struct actions *, const struct organization *);

/* The first of a list, taken out, or NULL. */
struct action	*actions_take(struct actions *);

#endif
