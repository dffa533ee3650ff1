/*
 * retry - when a ticket is tried again, and how often
 */
#ifndef SPOOLD_RETRY_H
#define SPOOLD_RETRY_H

#include <stdint.h>

#include "lib/conf.h"
#include "lib/destination.h"

/* The attempts that a ticket to this destination (may be NULL) has. */
int	 retry_attempts(const struct conf *, const struct destination *);

/*
 * The wait in ms after finished attempt `attempt` (from 1), jittered, and at
 * least what the remote asked for (ms, up to 24 h; 0: nothing).
 */
int64_t	 retry_wait(const struct conf *, const struct destination *,
	    int attempt, int64_t asked);

#endif
