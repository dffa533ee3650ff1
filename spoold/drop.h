/*
 * drop - a dropped job, from its appearance in new/ to its verdict
 *
 * Looked at from outside, opened, given to intake, then accepted, refused,
 * left alone until it is whole, or gone because its owner took it back.
 */
#ifndef SPOOLD_DROP_H
#define SPOOLD_DROP_H

#include <sys/queue.h>
#include <sys/tree.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/id.h"
#include "lib/why.h"

#include "spoold/loop.h"

struct organization;
struct pool;
struct request;
struct spoold;
struct worker;

enum drop_state {
	DROP_QUEUED,		/* to be looked at */
	DROP_AT_INTAKE,
	DROP_UNFINISHED,	/* ends too early; waits to be left alone */
	DROP_JUDGED		/* its line is on its way to the journal */
};

struct drop {
	RB_ENTRY(drop)	 entry;
	TAILQ_ENTRY(drop) queue;	/* while queued or at intake */
	struct spoold	*spoold;	/* borrowed */
	struct organization *organization;	/* borrowed */
	char		*name;		/* own; in new/ */
	enum drop_state	 state;
	bool		 again;		/* something happened to it meanwhile */
	unsigned	 deaths;	/* of intake while it held this alone */
	bool		 suspect;	/* intake died while it held it */
	bool		 counted;	/* by the organization's limits */
	struct worker	*worker;	/* borrowed; at intake */
	uint64_t	 token;
	int64_t		 heard;		/* monotonic ms, intake's last sign */
	struct timer	 left_alone;
	/* What the file was when it was opened. */
	struct id	 id;
	uint64_t	 inode;
	int64_t		 birth, modified;	/* ns */
	int64_t		 bytes;
	uint32_t	 owner;		/* uid */
	bool		 regular;	/* one link, a plain file */
	bool		 bad_name;
	char		*submitter;	/* own; the owner's name */
	char		*payload;	/* own; in data/, given to intake */
	struct request	*request;	/* borrowed; who waits for a verdict */
};

RB_HEAD(drop_tree, drop);
TAILQ_HEAD(drop_queue, drop);

struct drops {
	struct drop_tree tree;
	struct drop_queue queue;	/* to be looked at, first come first */
	struct drop_queue at_intake;
	size_t		 count;
	unsigned	 at_work;	/* at intake */
	size_t		 counted;	/* of them by limits.h: jobs soon */
	bool		 more;		/* new/ has some that are not here */
	bool		 held;		/* those queued cannot go on now */
};
RB_PROTOTYPE(drop_tree, drop, entry, drop_compare)

void	 drops_init(struct drops *);
void	 drops_free(struct organization *);

/* The intake processes of an organization. */
struct pool	*drops_pool(struct spoold *, struct organization *);

/* True if a file of that name in new/ is a drop; others are ignored. */
bool	 drop_named(const char *name);

/* A name was seen in new/, or something happened to it. */
void	 drop_seen(struct spoold *, struct organization *, const char *name);

/* The drop of that name in new/, or NULL. */
struct drop	*drop_find(struct organization *, const char *name);

/*
 * Looks at the next ones while the turn has time, at one at least; true if
 * there is more to do at once.
 */
bool	 drops_run(struct spoold *, struct organization *);

/* Kills an intake that is silent for too long. */
void	 drops_check(struct spoold *, struct organization *);

/*
 * Its owner took it back or put another in its place: on record if it had been
 * looked at, then forgotten; what has the name now is looked at.
 */
void	 drop_withdrawn(struct drop *);

/* Forgets it; it is not (or no longer) in new/. */
void	 drop_free(struct drop *);

/* Looks at it again from the beginning. */
void	 drop_again(struct drop *);

/* Its line is on its way to the journal; nothing else happens to it. */
void	 drop_judged(struct drop *);

#endif
