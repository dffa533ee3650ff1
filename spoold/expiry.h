/*
 * expiry - tickets whose job has an expiresAt
 *
 * It ends a ticket at that time, wherever it waits: in retry/, or in cur/
 * because its destination is disabled or has no slot free.  Not in hold/, and
 * an attempt under way is not interrupted: its outcome wins, and what is
 * deferred after the time has ended.
 */
#ifndef SPOOLD_EXPIRY_H
#define SPOOLD_EXPIRY_H

#include <sys/tree.h>

#include <stdbool.h>
#include <stdint.h>

struct organization;
struct spoold;
struct waiting;

/* Of a ticket that has one; 64 bytes with malloc's own. */
struct expiry {
	RB_ENTRY(expiry) entry;		/* of its organization, if it counts */
	struct waiting	*waiting;	/* borrowed */
	int64_t		 at;		/* wall ms */
	bool		 counts;	/* is in the tree */
};

RB_HEAD(expiries, expiry);
RB_PROTOTYPE(expiries, expiry, entry, expiry_compare)

/* Says when it expires, wall ms; 0: never. */
void	 expiry_set(struct waiting *, int64_t at);

/* The ticket came to another queue, or is no more to be ended. */
void	 expiry_moved(struct waiting *);
void	 expiry_forget(struct waiting *);

/* When it expires, wall ms; 0: never, or not read yet. */
int64_t	 expiry_of(const struct waiting *);

/*
 * Reads the next of those tickets that came from the disk, whose names do not
 * tell when they expire.  True if there are more.
 */
bool	 expiry_read(struct spoold *, struct organization *);

/* Ends those whose time has come, and sets the timer for the next. */
void	 expiry_run(struct spoold *);

#endif
