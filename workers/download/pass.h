/*
 * pass - the cookie with which a fetch that was counted goes on
 *
 * It names the fetch and is signed with a key that only this process has, so
 * after a restart it is void, and the next fetch counts.  What a pass may still
 * bring is kept here: twice the content's size in all, for PASS_TIME.  The
 * table is bounded; a pass that had to make room counts as used up.
 */
#ifndef WORKERS_DOWNLOAD_PASS_H
#define WORKERS_DOWNLOAD_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/facts.h"
#include "lib/why.h"

#define PASSES_MAX 4096
#define PASS_TIME (24 * 60 * 60)	/* seconds */
#define PASS_TEXT 128			/* bytes of a cookie's value */

struct passes;				/* opaque */

/* What is to be gone on with. */
struct pass {
	uint8_t	 link[SHA256_LENGTH];	/* SHA-256 of the link's token */
	uint64_t serial;		/* of the fetch */
	int64_t	 size;			/* bytes of the content */
	int64_t	 changed_s, changed_ns;	/* its file's ctime then */
};

/* A table with a key of its own.  NULL with *why. */
struct passes	*passes_new(struct why *);
void		 passes_free(struct passes **);

/* Begins one, valid from `now` (wall seconds), and appends its cookie. */
void		 passes_grant(struct passes *, const struct pass *,
		    int64_t now, struct buf *cookie);

/*
 * The pass for that link among the cookies of a request.  False if there is
 * none, or it is void, past or used up.
 */
bool		 passes_find(const struct passes *,
		    const uint8_t link[SHA256_LENGTH], const char *cookies,
		    int64_t now, struct pass *);

/* Sets `bytes` of it aside: false if there are not that many left. */
bool		 passes_spend(struct passes *, uint64_t serial, int64_t bytes);

/* What of that did not arrive. */
void		 passes_return(struct passes *, uint64_t serial,
		    int64_t bytes);

#endif
