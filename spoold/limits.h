/*
 * limits - how many drops of an organization are taken, and how many jobs it
 * may have
 *
 * A token bucket: `requests_per_minute` come back, `rate_limit.burst` can be
 * saved up.  What is over it stays in new/ and loses nothing but time; whoever
 * waits for a verdict is told when to come back.
 */
#ifndef SPOOLD_LIMITS_H
#define SPOOLD_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/id.h"
#include "lib/why.h"

#include "spoold/loop.h"

struct organization;
struct spoold;

struct limits {
	double		 tokens;	/* drops that may be taken now */
	int64_t		 at;		/* monotonic ms, as of then; 0: full */
	struct timer	 timer;		/* for the next one */
	int64_t		 bytes;		/* on disk, of unfinished jobs */
};

/*
 * Whether one more drop may be taken: 0, or -1 with *why (RATE_LIMIT_EXCEEDED
 * or, for a quota, STORAGE_RESERVE), and how long to wait; the loop is woken
 * then.
 */
int	 limits_hold(struct spoold *, struct organization *, struct why *);

/* One was taken. */
void	 limits_taken(struct spoold *, struct organization *);

/* The first ticket of a job came to memory; the last one left it. */
void	 limits_came(const struct spoold *, struct organization *,
	    const struct id *);
void	 limits_left(const struct spoold *, struct organization *,
	    const struct id *);

/* The organization goes. */
void	 limits_end(struct spoold *, struct organization *);

#endif
