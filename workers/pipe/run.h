/*
 * run - a ticket given to its program
 */
#ifndef WORKERS_PIPE_RUN_H
#define WORKERS_PIPE_RUN_H

#include <sys/queue.h>

#include <stdbool.h>

#include "lib/buf.h"

#include "workers/common/courier.h"
#include "workers/pipe/program.h"

#define RUN_OUTPUT_MAX (64 * 1024)	/* bytes that are read of its output */
#define RUN_CHUNK 4096

/* An attempt's state. */
struct run {
	TAILQ_ENTRY(run) entry;		/* of those under way */
	struct attempt	*attempt;	/* borrowed */
	struct program	 program;
	bool		 running;
	int64_t		 began;		/* monotonic ms */
	struct watch	 ended, input, output;
	struct extent_reader reader;	/* the payload, before; then the job */
	char		 chunk[RUN_CHUNK];	/* of the job, on its way */
	size_t		 length, written;	/* bytes in it, and gone */
	int64_t		 given;		/* bytes of the job, so far */
	struct buf	 said;		/* own; its output */
	struct why	 broken;	/* why its input was cut short */
	bool		 overdue;	/* it was killed for its time */
	int64_t		 changed_s, changed_ns;	/* the payload's ctime */
};

/* What all runs of this process share: courier_own(). */
struct runs {
	TAILQ_HEAD(, run) list;
	struct json	*pipes;		/* own; of the setup record */
};

int	 run_open(struct attempt *, struct why *);
int	 run_prepare(struct attempt *, int64_t *done, struct why *);
void	 run_send(struct attempt *);
void	 run_close(struct attempt *);

/* Ends those that have had their time; for the loop. */
bool	 runs_turn(struct courier *);

#endif
