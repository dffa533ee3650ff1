/*
 * recover - makes the spool what the journal says
 *
 * Idempotent: killed anywhere in it and started again, it ends the same.
 */
#ifndef SPOOLD_RECOVER_H
#define SPOOLD_RECOVER_H

#include "lib/journal.h"
#include "lib/why.h"

struct spoold;

/*
 * Runs before anything is accepted or attempted; the tickets are in memory
 * afterwards.  0, or -1 with *why.
 */
int	 recover(struct spoold *, const struct journal_found *, struct why *);

#endif
