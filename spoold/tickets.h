/*
 * tickets - the waiting tickets in memory
 *
 * One struct waiting for each ticket in cur/, retry/ and hold/, at most 160
 * bytes with malloc's own, found by job and destination.  Where its file is,
 * is what its `queue` says; the file system wins where the two differ.
 */
#ifndef SPOOLD_TICKETS_H
#define SPOOLD_TICKETS_H

#include <sys/tree.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/ticket.h"
#include "spool-layout/layout.h"

struct expiry;
struct flight;
struct organization;
struct spoold;
struct target;

struct waiting {
	RB_ENTRY(waiting) by_name;	/* in its organization's tickets */
	RB_ENTRY(waiting) by_place;	/* in its target's ready tree (cur/),
					 * or among the due (retry/) */
	struct id	 id;
	struct target	*target;	/* borrowed */
	struct flight	*flight;	/* own; NULL: no attempt under way */
	struct expiry	*expiry;	/* own; NULL: has none, or is unread */
	int64_t		 due;		/* monotonic ms, in retry/ */
	uint16_t	 attempts;	/* finished ones, as in its name */
	uint8_t		 priority;
	uint8_t		 queue;		/* enum queue */
	uint8_t		 placed;	/* is in a by_place tree */
	uint8_t		 seen;		/* by the scan of that number */
	uint8_t		 unread;	/* its file may have an expiresAt */
};

RB_HEAD(waiting_by_name, waiting);
RB_HEAD(waiting_by_rank, waiting);	/* ready: what goes first */
RB_HEAD(waiting_by_due, waiting);	/* what is due first */

RB_PROTOTYPE(waiting_by_name, waiting, by_name, waiting_compare_name)
RB_PROTOTYPE(waiting_by_rank, waiting, by_place, waiting_compare_rank)
RB_PROTOTYPE(waiting_by_due, waiting, by_place, waiting_compare_due)

/*
 * Takes a ticket into memory, in `queue`; `due` is wall ms and counts in
 * retry/ only.  NULL if memory's limit is reached: it stays on disk, and a
 * scan takes it up later.
 */
struct waiting	*tickets_add(struct spoold *, struct organization *,
		    const struct ticket *, enum queue, int64_t due);

/* Out of memory; its file is somebody else's now. */
void	 tickets_remove(struct spoold *, struct waiting *);

/* The ticket of that job and destination, or NULL. */
struct waiting	*tickets_find(const struct organization *, const struct id *,
		    const char *destination);

/* The first of a job's tickets, or NULL; the next of the same job. */
struct waiting	*tickets_first(const struct organization *,
		    const struct id *);
struct waiting	*tickets_next(const struct waiting *);

/* It is not to be attempted: it is about to be moved. */
void	 tickets_withhold(struct waiting *);

/* Moves it in memory after its file has been moved. */
void	 tickets_place(struct spoold *, struct waiting *, enum queue,
	    int64_t due);

/* Its file's name, now or with another count of attempts. */
void	 tickets_name(const struct waiting *, char out[TICKET_NAME_MAX]);
void	 tickets_ticket(const struct waiting *, struct ticket *);

/* The wall time of a due time, and the other way round. */
int64_t	 tickets_wall(int64_t monotonic);
int64_t	 tickets_monotonic(int64_t wall);

#endif
