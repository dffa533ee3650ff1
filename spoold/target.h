/*
 * target - one destination at work: its settings, its tickets, its window
 *
 * A target without a destination is one that tickets name and nobody has
 * configured (any more): they wait.
 */
#ifndef SPOOLD_TARGET_H
#define SPOOLD_TARGET_H

#include <sys/tree.h>

#include <stdint.h>

#include "lib/destination.h"
#include "lib/hostkey.h"
#include "lib/secret.h"

#include "spoold/flight.h"
#include "spoold/health.h"
#include "spoold/tickets.h"

struct organization;
struct spoold;

/* Why none of its tickets is attempted. */
enum gate {
	GATE_open,		/* they are */
	GATE_unconfigured,
	GATE_disabled,
	GATE_listener,		/* nobody listens for links */
	GATES
};

struct target {
	RB_ENTRY(target) entry;
	char		 id[DESTINATION_ID_MAX + 1];
	struct organization *organization;	/* borrowed */
	struct destination *destination;	/* own, or NULL */
	struct pool	*pool;		/* borrowed; NULL: no destination */
	struct secret	 config;	/* own; the config opened, as a
					 * worker gets it; empty until used */
	struct waiting_by_rank ready;	/* tickets in cur/ to be attempted */
	struct waiting	*first;		/* borrowed; the oldest in memory, in
					 * any queue; NULL: none, or not known */
	size_t		 tickets;	/* in memory, in any queue */
	unsigned	 in_flight;
	struct flights	 staged;	/* by age; they have no slot yet */
	unsigned	 staged_count;
	bool		 quick;		/* its last answer came soon */
	bool		 other_key;	/* than the pinned one, last time: */
	char		 shown_key[HOSTKEY_TEXT];	/* its own, or "" */
	int64_t		 next_start;	/* monotonic us, by ratePerMinute */
	double		 window;	/* attempts that may be under way */
	struct health	 health;
	int64_t		 erase_again;	/* monotonic ms; nothing is erased
					 * there before that */
	bool		 changing;	/* a new version goes to disk */
	bool		 drilling;	/* its current secret is being tried */
	char		 drilled[24];	/* that secret */
	int64_t		 drilled_at;	/* wall ms; 0: not since the start */
	int64_t		 uses;		/* not in its document yet */
	int64_t		 used_at;	/* wall ms */
	bool		 unwritten;	/* its file does not have them */
};

RB_HEAD(targets, target);
RB_PROTOTYPE(targets, target, entry, target_compare)

/* Reads all of an organization's destinations.  0, or -1 with *why. */
int	 targets_load(struct spoold *, struct organization *, struct why *);
void	 targets_free(struct organization *);

/* Finds or makes one; finds one that is configured, or NULL. */
struct target	*target_get(struct organization *, const char *id);
struct target	*target_find(const struct organization *, const char *id);

/* Takes a destination over (own), in place of the one it had. */
void	 target_set(struct target *, struct destination *);

/* What keeps its tickets from being attempted at all. */
enum gate	 target_gate(const struct target *);

/* What tickets wait for behind it, in a word; of GATE_open NULL. */
const char	*gate_word(enum gate);

/* Its gate, or how many it may have under way, may be another now. */
void	 target_changed(struct target *);

/*
 * The ticket to be attempted next, or NULL: of an `ordered` destination the
 * oldest of all, and that only when it is ready and nothing is under way.
 */
struct waiting	*target_next(struct target *);

/* Of an `ordered` destination the oldest ticket in memory, or NULL. */
struct waiting	*target_first(struct target *);

/* A ticket came to memory, or is about to leave it. */
void	 target_came(struct target *, struct waiting *);
void	 target_leaves(struct target *, const struct waiting *);

/*
 * When the next attempt may start by ratePerMinute, monotonic us; 0: now.  And
 * one has started.
 */
int64_t	 target_pause(const struct target *, int64_t now);
void	 target_started(struct target *, int64_t now);

/* The opened config; NULL with *why.  Borrowed until target_set(). */
const struct secret	*target_config(struct spoold *, struct target *,
			    struct why *);

/* The path of its file. */
char	*target_path(const struct spoold *, const struct target *);

/*
 * The window after an attempt: it grows by one for each window of answers,
 * and is halved by the destination's own trouble.
 */
void	 target_answered(struct target *);
void	 target_troubled(struct target *);

/*
 * How long, in ms, what is asked of a worker for it beside attempts is waited
 * for: until there is a worker, or until that one answers.
 */
int64_t	 target_patience(const struct target *, bool at_worker);

#endif
