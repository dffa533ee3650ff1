/*
 * program - one process, started with nothing but what it is given
 */
#ifndef WORKERS_PIPE_PROGRAM_H
#define WORKERS_PIPE_PROGRAM_H

#include <sys/types.h>

#include <stdint.h>

#include "lib/why.h"

struct program_start {
	char *const	*command;	/* borrowed; NULL at the end */
	char *const	*environment;	/* borrowed; all of it */
	int		 payload;	/* borrowed; becomes 3; -1: none */
	int64_t		 memory_limit;	/* bytes of address space */
};

struct program {
	pid_t		 pid;		/* its process group's, too */
	int		 ended;		/* own; readable when it has, pidfd */
	int		 input;		/* own; to its standard input */
	int		 output;	/* own; of its output and errors */
};

/*
 * Starts it, in a process group of its own; it ends with this process.  The
 * descriptors are non-blocking.  0, or -1 with *why: it cannot be run.
 */
int	 program_start(struct program *, const struct program_start *,
	    struct why *);

/*
 * Ends what is left of its group, and gives back the status as of waitpid(2)
 * once it has ended; closes all.
 */
int	 program_end(struct program *);

#endif
