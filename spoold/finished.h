/*
 * finished - where the finished tickets of unfinished jobs are
 *
 * A job with several destinations has one receipt.  While one of its tickets
 * still waits, the others' files must be found again to write it; this
 * remembers their names, for such jobs only.
 */
#ifndef SPOOLD_FINISHED_H
#define SPOOLD_FINISHED_H

#include <sys/tree.h>

#include "lib/ticket.h"
#include "spool-layout/layout.h"

struct organization;

struct finished {
	RB_ENTRY(finished) entry;
	struct ticket	 ticket;
	enum queue	 queue;		/* done or failed */
	char		*name;		/* own; in done/ with its day */
};

RB_HEAD(finished_tree, finished);
RB_PROTOTYPE(finished_tree, finished, entry, finished_compare)

/* Remembers a ticket, in place of what was known of it. */
void	 finished_add(struct organization *, const struct ticket *,
	    enum queue, const char *name);

/* The one of that job and destination, or NULL. */
const struct finished	*finished_find(const struct organization *,
			    const struct id *, const char *destination);

/* Forgets one ticket, or all of a job. */
void	 finished_remove(struct organization *, const struct id *,
	    const char *destination);
void	 finished_forget(struct organization *, const struct id *);
void	 finished_free_all(struct organization *);

#endif
