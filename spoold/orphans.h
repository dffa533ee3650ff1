/*
 * orphans - jobs that have no ticket anywhere get theirs back, in hold/
 */
#ifndef SPOOLD_ORPHANS_H
#define SPOOLD_ORPHANS_H

#include "lib/why.h"

struct spoold;

/* Once, at the start, with the tickets in memory.  0, or -1 with *why. */
int	 orphans_restore(struct spoold *, struct why *);

#endif
