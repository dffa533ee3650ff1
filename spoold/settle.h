/*
 * settle - ends a ticket's stay: the line in its file, the move, the receipt
 *
 * What the journal says has happened is carried out here, whether it was an
 * attempt's outcome, an operator's word or the clock's.
 */
#ifndef SPOOLD_SETTLE_H
#define SPOOLD_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/facts.h"
#include "lib/ticket.h"
#include "lib/why.h"
#include "spool-layout/layout.h"

struct organization;
struct spoold;

/* Where it came to rest. */
struct settled {
	enum queue	 queue;
	char		 name[TICKET_NAME_MAX + CLOCK_DAY];
};

struct settlement {
	struct ticket	 ticket;	/* as its file was named */
	enum queue	 from;		/* where it is expected */
	enum queue	 to;
	int		 attempts;	/* its new count */
	int64_t		 due;		/* wall ms, to retry/ */
	int64_t		 rests_from;	/* wall ms, elsewhere; 0: now */
	const struct event_line *line;	/* for its file; NULL: none, or it is
					 * in it already */
	int		 file;		/* borrowed; open to append, or -1 */
	bool		 moved_wins;	/* where a person moved it meanwhile,
					 * there it stays */
};

/*
 * Carries it out.  Returns 1 with the queue that the ticket is in now and its
 * name there (for done/ with the day), 0 if its file is nowhere, -1 with *why
 * if it cannot be done now; it may be done again then.
 */
int	 settle(struct spoold *, struct organization *,
	    struct settlement *, struct settled *, struct why *);

/* Where a ticket's file of exactly that name is, or -1. */
int	 settle_locate(const struct organization *, const char *name);

/*
 * A second file of a ticket, or one that stands in its way, is renamed to
 * `.<name>` where it is, and journaled.
 */
void	 settle_put_aside(struct spoold *, struct organization *, enum queue,
	    const char *name);

#endif
