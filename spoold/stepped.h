/*
 * stepped - the wall clock jumped: nothing is purged for a day
 *
 * What retention takes away it takes by the wall clock.  One that is wrong by
 * a year would empty the spool.
 */
#ifndef SPOOLD_STEPPED_H
#define SPOOLD_STEPPED_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/why.h"

struct spoold;

struct stepped {
	int64_t	 ahead;		/* of the monotonic clock, ms, as last seen */
	int64_t	 until;		/* monotonic ms: no purging before; 0: none */
};

/*
 * At the start: `last` is the wall time of the journal's last line, 0 if there
 * is none; a pause that a former run began goes on.
 */
void	 stepped_begin(struct spoold *, int64_t last);

/* Compares the clocks: every second. */
void	 stepped_check(struct spoold *);

/* True while nothing may be purged; *why says since when and until when. */
bool	 stepped_pauses(const struct spoold *, struct why *);

#endif
