/*
 * structure - what does not belong where it is in a spool, and mending it
 *
 * Only directories that clients cannot write are looked at: what a name says
 * there can be believed.
 */
#ifndef LIB_STRUCTURE_H
#define LIB_STRUCTURE_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/spool.h"
#include "lib/ticket.h"
#include "lib/why.h"

enum structure_kind {
	STRUCTURE_foreign,	/* a name that means nothing there */
	STRUCTURE_misplaced,	/* a ticket where there are none */
	STRUCTURE_duplicate,	/* a second file of a ticket */
	STRUCTURE_jobless,	/* a ticket that waits for no job */
	STRUCTURE_ticketless	/* a job without a ticket anywhere */
};

struct structure_finding {
	enum structure_kind kind;
	enum queue	 queue;
	const char	*name;		/* in it; in done/ with its day */
	char		 to[300];	/* where it was or would be put; of a
				 * duplicate, which one stays; else "" */
	bool		 mended;
	struct ticket	 ticket;	/* of all but foreign; a job's has only
					 * its id */
};

typedef void	 structure_found(void *arg, const struct structure_finding *);

enum structure_mode {
	STRUCTURE_LOOK,		/* spoold may run: only what stays true */
	STRUCTURE_AT_REST,	/* the caller holds the lock */
	STRUCTURE_MEND		/* the same, and what a rename mends is mended:
				 * the first three kinds */
};

/* Returns 0, or -1 with *why; what was found by then has been told. */
int	 structure_check(const struct spool *, enum structure_mode,
	    structure_found *, void *arg, struct why *);

/* Appends what it is, for people. */
void	 structure_words(const struct structure_finding *, struct buf *);

#endif
