/*
 * outcome - what became of an attempt, and what follows from it
 */
#ifndef SPOOLD_OUTCOME_H
#define SPOOLD_OUTCOME_H

#include "lib/facts.h"
#include "lib/link.h"
#include "lib/why.h"

struct flight;

/* The worker's answer. */
void	 outcome_heard(struct flight *, const struct link_record *);

/* Deferred for a reason of spoold's own; counts as a finished attempt. */
void	 outcome_defer(struct flight *, enum error, const char *reason);

/* A person took the ticket away before anything was sent: not counted. */
void	 outcome_withdraw(struct flight *);

/* Ends it as `event`; the record has the reason and what the remote said. */
void	 outcome_settle(struct flight *, enum ticket_event,
	    const struct link_record *);

/* A `deferred` record of spoold's own making; borrows the reason. */
void	 outcome_own(struct link_record *, enum error, const char *reason);

#endif
