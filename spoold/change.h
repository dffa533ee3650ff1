/*
 * change - what an operator does to a ticket: hold, release, try again, cancel,
 * give up; and the clock
 *
 * Each is a row of one table: from where to where, what the journal calls it,
 * and what it does to the count of attempts.  A person's mv is seen as the row
 * that would have done the same.
 */
#ifndef SPOOLD_CHANGE_H
#define SPOOLD_CHANGE_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/ticket.h"
#include "lib/why.h"
#include "spool-layout/layout.h"

struct organization;
struct spoold;

enum change {
	CHANGE_hold, CHANGE_release, CHANGE_retry, CHANGE_cancel,
	CHANGE_expire,		/* by an operator */
	CHANGE_run_out,		/* by its expiresAt */
	CHANGES
};

/* A ticket's file, by its name in a queue (in done/ with its day). */
struct change_place {
	enum queue	 queue;
	const char	*name;		/* borrowed */
};

/*
 * Whether anything may be done to that ticket: 1 with what its name says, 0
 * with *why if retention is taking its job away or what it stored, -1 with *why
 * if it is none, or if nothing is possible now.  On 1 its job is spared by the sweep under way.
 */
int	 change_possible(struct spoold *, const struct organization *,
	    const struct change_place *, struct ticket *, struct why *);

/*
 * Journals the change and has it carried out.  `delivered` allows a retry from
 * done/; `by` is who wants it, NULL: the clock.  Returns 1, 0 with *why if the
 * ticket is where this change does not apply, -1 with *why if that is not
 * possible now.
 */
int	 change_ticket(struct spoold *, struct organization *, enum change,
	    const struct change_place *, bool delivered, const char *by,
	    struct why *);

/* The change that a person's move from one queue to another is, or -1. */
int	 change_of_move(enum queue from, enum queue to);

/* What the change is called when it is done: "held", "released", … */
const char	*change_done(enum change);

#endif
