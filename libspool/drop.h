/*
 * drop - leaving a job in the spool as any client does
 *
 * Spools may be those of spool_open_drops().
 *
 * A payload file goes to data/, the job to tmp/, both are made durable, and
 * the job is renamed to new/ without replacing.  From then on it is spoold's,
 * running or not.  Several drops share the syncs.
 */
#ifndef LIBSPOOL_DROP_H
#define LIBSPOOL_DROP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/id.h"
#include "lib/spool.h"
#include "lib/why.h"

#include "libspool/libspool.h"

#define DROP_NAME_MAX 200		/* bytes, with .json */
#define DROP_UNIQUE 33			/* 32 hex digits and a NUL */

struct drop {
	char	 name[DROP_NAME_MAX + 1];	/* in new/ */
	char	 temporary[DROP_UNIQUE];	/* in tmp/ */
	char	 data[DROP_UNIQUE];	/* in data/, or "" */
	bool	 dropped;		/* it was renamed to new/ */
	struct id id;			/* once it was dropped */
};

/* A name that nobody else has: random. */
void	 drop_unique(char out[DROP_UNIQUE]);

/* Where a payload comes from. */
struct drop_source {
	int	 fd;		/* borrowed; to its end */
	int64_t	 max;		/* bytes */
	libspool_progress *progress;	/* NULL: nobody wants to know */
	void	*arg;		/* borrowed; its */
};

/*
 * Copies it to data/, under the name that goes to drop->data.  Returns 0, or -1
 * with *why (PAYLOAD_TOO_LARGE) and nothing left.
 */
int	 drop_payload(const struct spool *, struct drop *,
	    const struct drop_source *, struct why *);

/*
 * Writes the job to tmp/, to be dropped as `<stem>.json`: 0, or -1 with *why.
 */
int	 drop_write(const struct spool *, struct drop *, const char *stem,
	    const char *text, size_t length, struct why *);

/* Makes what was written durable: 0, or -1 with *why. */
int	 drop_sync(const struct spool *, const struct drop *, size_t count,
	    struct why *);

/*
 * Renames to new/, as `<stem>-<8 hex digits>.json` if the name is taken, and
 * computes the id.  The drop has happened once drop_finish() has returned 0
 * for it.
 */
int	 drop_rename(const struct spool *, struct drop *, struct why *);
int	 drop_finish(const struct spool *, struct why *);

/* Removes what was written and not renamed. */
void	 drop_abandon(const struct spool *, const struct drop *);

/*
 * Removes one for which drop_finish() has failed: false if spoold has it
 * already, or it cannot be removed.
 */
bool	 drop_undo(const struct spool *, const struct drop *);

/*
 * Takes it back out of new/.  Returns 1, 0 if spoold has it already, -1 with
 * *why.
 */
int	 drop_take_back(const struct spool *, const struct drop *,
	    struct why *);

#endif
