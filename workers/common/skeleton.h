/*
 * skeleton - what every worker does: the link, the start, the end
 *
 * A worker is started with its link as descriptor 3.  It reads its setup, shuts
 * itself in, says `ready`, and serves records until the link ends: when spoold
 * closes its side for writing the worker is to go as soon as it is idle, when
 * the link is gone altogether at once.
 */
#ifndef WORKERS_SKELETON_H
#define WORKERS_SKELETON_H

#include <stdbool.h>

#include "lib/link.h"

#include "workers/common/sandbox.h"

struct skeleton {
	const char	*program;
	unsigned	 concurrency;	/* attempts at once, at least 1 */
	bool		 ended;		/* no more records will come */
	struct link_buffer *buffer;	/* own; of the last record */
};

/*
 * Forbids dumps, tracing and new privileges, and reads the setup record, whose
 * texts stay until the next record.  Ends the process if that is not possible.
 */
void	 skeleton_begin(struct skeleton *, const char *program,
	    struct link_record *setup);

/*
 * Shuts itself in, as sandbox_enter() does, and says `ready`.  If the kernel
 * cannot, that ends the process where it is `required`, and is told otherwise.
 */
void	 skeleton_ready(struct skeleton *, enum sandbox,
	    const char *const *writable, bool required);

/*
 * The next record.  Returns false if there is none now; `ended` may be set
 * then.  Ends the process if the link is broken.
 */
bool	 skeleton_receive(struct skeleton *, struct link_record *);

/* Sends a record, waiting for room. */
void	 skeleton_send(struct skeleton *, const struct link_record *);

/* Ends the process in good order: nothing is held any more. */
void	 skeleton_end(struct skeleton *) __attribute__((noreturn));

#endif
