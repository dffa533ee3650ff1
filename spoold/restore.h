/*
 * restore - jobs, payloads and tickets that a crash lost, from the journal
 */
#ifndef SPOOLD_RESTORE_H
#define SPOOLD_RESTORE_H

#include <stdint.h>

#include "lib/why.h"

#include "spoold/replay.h"

struct spoold;

/*
 * Carries out again what the lines after `up_to` say: jobs and payloads into
 * jobs/, tickets that are missing or empty, lines that tickets lost.  0, or -1
 * with *why.
 */
int	 restore_read(struct spoold *, int64_t up_to, struct stories *,
	    struct why *);

#endif
