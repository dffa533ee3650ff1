/*
 * sweep - finds what retention says is due, and has it purged
 *
 * Once an hour over everything, and at once when somebody asks; in pieces, a
 * turn of the loop each, and in bounded memory.  Nothing else deletes.
 */
#ifndef SPOOLD_SWEEP_H
#define SPOOLD_SWEEP_H

#include <stdbool.h>

#include "lib/id.h"

struct organization;
struct request;
struct spoold;
struct sweep;				/* opaque */

struct sweep	*sweep_new(struct spoold *);

/* Nobody is answered any more by it: those who wait are told so now. */
void	 sweep_stop(struct spoold *);
void	 sweep_free(struct sweep **);

/*
 * Sweeps that organization and the journal, or with `dry` only counts; then
 * the request is answered.
 */
void	 sweep_ask(struct spoold *, struct organization *, struct request *,
	    bool dry);

/* The next piece; true if there is more to do at once. */
bool	 sweep_run(struct spoold *);

/* True if the next piece only waits for what the commit has to carry out. */
bool	 sweep_waits(const struct spoold *);

/*
 * Something is to happen to a ticket of that job, which is not to be purged
 * then.  False if that is on its way already.
 */
bool	 sweep_spares(struct spoold *, const struct organization *,
	    const struct id *);

/* True if none is under way, nor asked for. */
bool	 sweep_is_idle(const struct spoold *);

#endif
