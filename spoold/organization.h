/*
 * organization - one tenant: its spool, its destinations, what waits
 */
#ifndef SPOOLD_ORGANIZATION_H
#define SPOOLD_ORGANIZATION_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/conf.h"
#include "lib/spool.h"

#include "spoold/drop.h"
#include "spoold/expiry.h"
#include "spoold/express.h"
#include "spoold/finished.h"
#include "spoold/forward.h"
#include "spoold/keys.h"
#include "spoold/lanes.h"
#include "spoold/limits.h"
#include "spoold/roles.h"
#include "spoold/target.h"
#include "spoold/tickets.h"
#include "spoold/unseen.h"
#include "spoold/worker.h"

struct spoold;
struct watcher;

enum scan_extent {			/* of its directories */
	SCAN_NONE,
	SCAN_DROPS,		/* new/ alone */
	SCAN_ALL
};

struct organization {
	TAILQ_ENTRY(organization) entry;	/* of those there are */
	TAILQ_ENTRY(organization) removed;	/* of those there were */
	char		*id;			/* own */
	struct spool	*spool;			/* own */
	struct roles	 roles;			/* by roles_resolve() */
	struct targets	 targets;
	struct waiting_by_name tickets;
	struct waiting_by_due due;		/* its tickets in retry/ */
	struct expiries	 expiries;		/* of those that wait */
	struct finished_tree finished;
	struct drops	 drops;
	struct limits	 limits;
	struct express	 express;
	size_t		 actions;		/* that wait for the disk, or
						 * to be carried out */
	struct lane	 lanes[LANES];		/* what is to be carried out */
	struct claims	 claims;		/* of idempotency keys */
	struct forwards	 forwards;		/* going to the journal */
	struct pool	*pools[TRANSPORTS];	/* own, but the listener */
	struct pools	 pipes;			/* own; of pipes that run as a
						 * user of theirs */
	struct pool	*intake;		/* own */
	size_t		 counts[QUEUES];	/* tickets in memory */
	size_t		 jobs;			/* that these belong to */
	unsigned	 staged;		/* flights without a slot */
	unsigned	 in_flight;		/* attempts under way */
	unsigned	 awaited;		/* of these, with an answer
						 * soon */
	int64_t		 failed, delivered;	/* tickets at rest, as counted
						 * at the start and since */
	int64_t		 delivery_ms, deliveries;	/* since the start */
	int		 watches[QUEUES];	/* inotify's, -1: none */
	struct watcher	*watcher;		/* own; NULL: the shared one */
	bool		 shares;		/* for want of one of its own */
	bool		 gone;			/* a directory is not there */
	struct spool_list *list;		/* own; the scan under way */
	unsigned	 scan_step;		/* which directory it is at */
	struct waiting	*scan_next;		/* in memory, to be missed */
	struct waiting	*unread_next;		/* where expiry_read() is */
	size_t		 unread;		/* tickets it has to read */
	struct unseen_said unseen_said;		/* of its links */
	enum scan_extent scanning;
	enum scan_extent scan_again;		/* asked for meanwhile */
	bool		 overflowed;		/* tickets stayed on disk */
	bool		 taking_up;		/* the scan is for those */
	uint8_t		 scan_number;
	size_t		 unerased;		/* that are due and stayed */
	unsigned	 requeuing;		/* retries on their way to disk */
	unsigned	 undone;		/* actions to be done again */
};

TAILQ_HEAD(organizations, organization);

/* Opens all that the configuration names.  0, or -1 with *why. */
int	 organizations_open(struct spoold *, struct why *);
void	 organizations_close(struct spoold *);

/*
 * Opens those that `conf`, which is to be in force, has in addition, and takes
 * those away that it has not any more.  0, or -1 with *why: nothing was
 * changed; one that is to go is not empty (CONFLICT), or cannot go in this
 * moment (UNAVAILABLE).
 */
int	 organizations_change(struct spoold *, const struct conf *,
	    struct why *);

/* The one of that id, or NULL. */
struct organization	*organization_find(const struct spoold *,
			    const char *id);

/*
 * All of them, each turn of the loop beginning with another one; NULL: there
 * are no more.
 */
struct organization	*organizations_turn(struct spoold *);
struct organization	*organizations_next(const struct spoold *,
			    const struct organization *);

/* Its settings, of the configuration in force. */
const struct conf_organization	*organization_conf(const struct spoold *,
				    const struct organization *);

/* The workers for such a destination; those of a pipe as its user. */
struct pool	*organization_pool(struct organization *,
		    const struct destination *);

/* After a reload: new workers get the new settings. */
void	 organization_configure(struct organization *);

/* One of its directories was replaced underneath: opens them anew. */
void	 organization_reopen(struct spoold *, struct organization *);

/* Has its directories read anew, in pieces (scan.c). */
void	 organization_scan(struct organization *, enum scan_extent);

/* The next piece of the scan under way; true if there is more. */
bool	 organization_scan_piece(struct spoold *, struct organization *);

/* A ticket leaves memory: the scan may be at it. */
void	 organization_forget(struct organization *, const struct waiting *);

#endif
