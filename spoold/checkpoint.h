/*
 * checkpoint - how far the journal need not be read again
 *
 * Every checkpoint_interval in which something changed the spool's file system
 * is synced by the helper, while the loop goes on.  The line then says up to
 * which seq everything is on disk, and which attempts had no outcome there.
 */
#ifndef SPOOLD_CHECKPOINT_H
#define SPOOLD_CHECKPOINT_H

#include "lib/why.h"

struct checkpoint;			/* opaque */
struct spoold;

struct checkpoint	*checkpoint_new(struct spoold *);
void	 checkpoint_free(struct checkpoint **);

/*
 * Begins one that is wanted, when nothing is collected or to be carried out:
 * called after each commit.
 */
void	 checkpoint_run(struct spoold *);

/* True if one is wanted that has not begun. */
bool	 checkpoint_waits(const struct spoold *);

/* The last one before the end, then `done`; or `done` if none is possible. */
void	 checkpoint_last(struct spoold *, void (*done)(struct spoold *));

/* After a sync that failed: nothing more is accepted or attempted. */
bool	 checkpoint_possible(const struct spoold *);

/*
 * <spool_directory>/.checkpoint: the seq in it, 0 if there is none, -1 with
 * *why.
 */
int64_t	 checkpoint_read(const char *spool_directory, struct why *);

#endif
