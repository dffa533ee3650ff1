/*
 * duplicate - a drop that repeats an idempotency key
 */
#ifndef SPOOLD_DUPLICATE_H
#define SPOOLD_DUPLICATE_H

#include "lib/facts.h"

struct drop;

/*
 * Journals it, gives it a receipt that names the first one, and removes its
 * files: what they hold is on its way already.  The drop is gone afterwards,
 * and the facts are emptied.
 */
void	 duplicate_drop(struct drop *, struct facts *, const struct id *first);

/* Removes what a crash left of one in new/.  0, or -1 with *why. */
int	 duplicate_remove(const struct drop *, struct why *);

#endif
