/*
 * trial - a test of a destination, by its worker
 *
 * The supervisor never speaks on a network: a trial waits for a worker of the
 * destination's transport, is handed out, and ends with what the worker says,
 * with the worker's death, or when nothing was heard for too long.  It carries
 * no job, so nothing in the spool changes; its end is in the journal.
 */
#ifndef SPOOLD_TRIAL_H
#define SPOOLD_TRIAL_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/link.h"
#include "lib/why.h"

struct spoold;
struct target;
struct worker;
struct trial;				/* opaque */

TAILQ_HEAD(trials, trial);

struct trial_result {
	bool		 success;
	struct link_tested tested;	/* ms, steps, error, code */
	char		 says[STEPS][STEP_SAYS_MAX + 1];	/* at each step */
	char		 reason[1025];	/* why not, or what it answered */
};

/* Called when it has ended, and that is on record. */
typedef void	 trial_done(struct spoold *, void *arg, struct target *,
		    const struct trial_result *);

/* `by` says who asked.  Returns 0, or -1 with *why: `done` is not called. */
int	 trial_start(struct spoold *, struct target *, enum test,
	    const char *by, trial_done *done, void *arg, struct why *);

/* Hands out those that wait for a worker. */
void	 trials_run(struct spoold *);

/* Once a second: ends those that nothing is heard of. */
void	 trials_check(struct spoold *);

/* spoold ends: whoever waits for one is told. */
void	 trials_end(struct spoold *);

/* A worker's answer; -1 with *why if it lies. */
int	 trial_heard(struct spoold *, struct worker *,
	    const struct link_record *, struct why *);
void	 trials_died(struct spoold *, struct worker *);

/* The members `success`, `responseTime`, `steps`, and why it is none. */
void	 trial_print(const struct trial_result *, struct buf *);

#endif
