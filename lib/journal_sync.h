/*
 * journal_sync - fdatasync(2) that does not wait: the kernel's own queue
 *
 * One at a time.  Where the file system or the kernel knows no asynchronous
 * sync, it is done at once instead.
 */
#ifndef LIB_JOURNAL_SYNC_H
#define LIB_JOURNAL_SYNC_H

#include <stdbool.h>

struct journal_sync;			/* opaque */

/* Never fails: without the kernel's help every sync is done at once. */
struct journal_sync	*journal_sync_new(void);
/* Waits for one that is under way. */
void	 journal_sync_free(struct journal_sync **);

/*
 * Readable when a sync has ended, and perhaps once more afterwards; -1: there
 * is none that could be waited for.
 */
int	 journal_sync_fd(const struct journal_sync *);

/* Begins.  1: it is done, 0: it is under way, -1 with errno: it failed. */
int	 journal_sync_begin(struct journal_sync *, int fd);

/*
 * Of the one under way, if there is one: 1: it is done, 0: not yet, -1 with
 * errno: it failed.  The descriptor is not readable then, until there is
 * something new.
 */
int	 journal_sync_end(struct journal_sync *, bool wait);

#endif
