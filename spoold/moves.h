/*
 * moves - what a person did in the tickets' directories with mv and touch
 */
#ifndef SPOOLD_MOVES_H
#define SPOOLD_MOVES_H

#include <stdint.h>

#include "spool-layout/layout.h"

struct organization;
struct spoold;
struct waiting;

/* inotify saw this name in a queue; `mask` is its event's, 0: a scan did. */
void	 moves_seen(struct spoold *, struct organization *, enum queue,
	    const char *name, uint32_t mask);

/* A whole scan did not see this ticket: where is it? */
void	 moves_missed(struct spoold *, struct organization *,
	    struct waiting *);

/*
 * A ticket in cur/ that has come to its end before: a copy is put aside, one
 * that was moved there by hand is tried again from the beginning.
 */
void	 moves_returned(struct spoold *, struct organization *,
	    struct waiting *);

/* A ticket with an attempt under way was moved to hold/: for the record. */
void	 moves_held(struct spoold *, struct organization *,
	    const struct waiting *);

#endif
