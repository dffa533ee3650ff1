/*
 * durable - a helper process that waits for the disk, so that the loop need not
 *
 * Forked at the start, while the supervisor is small; it does one request
 * after the other: syncfs of the spool, a small file written beside, synced,
 * renamed into place and its directory synced, or large files removed.
 */
#ifndef SPOOLD_DURABLE_H
#define SPOOLD_DURABLE_H

#include <stddef.h>

#include "lib/why.h"

struct durable;				/* opaque */
struct spoold;

/* Called in the loop; error is an errno, 0 if it is durable now. */
typedef void	 durable_done(void *arg, int error);

/* Forks the helper.  NULL with *why. */
struct durable	*durable_new(struct spoold *, const char *spool_directory,
		    struct why *);
void		 durable_free(struct durable **);

/* syncfs of the spool's file system. */
void	 durable_sync(struct durable *, durable_done *, void *arg);

/*
 * Replaces the file at that absolute path (mode 0600) by these bytes, at most
 * 64 KiB; no bytes at all remove it.
 */
void	 durable_put(struct durable *, const char *path, const void *, size_t,
	    durable_done *, void *arg);

/*
 * Removes files below the directory at that absolute path, without a sync:
 * `names`, each with its NUL, at most DURABLE_NAMES_MAX bytes.  What is not
 * there is removed.  After an error the rest is still tried.
 */
#define DURABLE_NAMES_MAX (64 * 1024)
void	 durable_remove(struct durable *, const char *directory,
	    const char *names, size_t length, durable_done *, void *arg);

#endif
