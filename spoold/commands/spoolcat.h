/*
 * spoolcat - parts of the command
 */
#ifndef SPOOLD_COMMANDS_SPOOLCAT_H
#define SPOOLD_COMMANDS_SPOOLCAT_H

#include <stdbool.h>

#include "lib/cli.h"
#include "lib/facts.h"
#include "lib/id.h"

/* Where a job's payload is, and what it must be. */
struct payload {
	enum queue	 queue;
	char		*name;		/* own; the file that has it */
	int64_t		 offset;
	int64_t		 length;	/* bytes, -1: to the end */
	const uint8_t	*sha256;	/* borrowed; NULL: not known */
};

/* The payload of an accepted job.  Freed with payload_free(). */
void	 payload_of(struct payload *, const struct facts *);
void	 payload_free(struct payload *);

/*
 * Has the reading journaled, then prints the payload's bytes to stdout, with
 * `escaped` as a terminal can stand them.  Returns 0, or -1 with *why:
 * PAYLOAD_CHANGED if they are not what was accepted (known at the end only).
 */
int	 payload_print(struct cli *, const struct id *, const char *reason,
	    const struct payload *, bool escaped, struct why *);

/*
 * For who may not read the spool: what spoold says of the job, and its payload
 * through the descriptor that spoold passes; each if it is wanted.  0, or -1
 * with *why.
 */
int	 spoolcat_ask(struct cli *, const char *word, bool status, bool body,
	    const char *reason, struct why *);

/*
 * Copies a payload to stdout from an open file, through the hash: as
 * payload_print(), which calls it.
 */
int	 payload_copy(int fd, const struct payload *, bool escaped,
	    struct why *);

#endif
