/*
 * health - what a destination's attempts have shown since spoold started
 */
#ifndef SPOOLD_HEALTH_H
#define SPOOLD_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/conf.h"

#define HEALTH_TIMES 128	/* response times that are remembered */

struct target;

struct health {
	uint64_t	 attempts, delivered;
	unsigned	 failures;	/* in a row */
	int64_t		 checked_at;	/* wall ms; 0: never */
	int64_t		 failed_at, delivered_at;
	char		 reason[256];	/* of the last failure */
	uint32_t	 times[HEALTH_TIMES];	/* ms, of the last delivered */
	int64_t		 total_time;	/* of all delivered */
};

/* An attempt has ended. */
void	 health_note(struct health *, bool delivered, int64_t ms,
	    const char *reason);

/* A test has shown something, but is no delivery. */
void	 health_checked(struct health *);

/* As an object: the result of destination.health. */
void	 health_print(const struct conf *, const struct target *,
	    struct buf *);

#endif
