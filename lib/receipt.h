/*
 * receipt - what a client gets back, and the status while it waits
 *
 * Built from the job's tickets: the accepted facts, and for each destination
 * the directory that holds its ticket and the lines in it.
 */
#ifndef LIB_RECEIPT_H
#define LIB_RECEIPT_H

#include "lib/facts.h"
#include "spool-layout/layout.h"

/* `<stem>.<id>.json`, with its NUL */
#define RECEIPT_NAME_MAX 256

/* One destination's part. */
struct receipt_ticket {
	struct ticket	 ticket;	/* as its file is named */
	enum queue	 queue;		/* where that is */
	bool		 in_flight;
	int64_t		 due;		/* wall ms, in retry/ */
	const struct ticket_file *file;	/* borrowed */
};

/*
 * Writes the receipt's JSON, without a newline; `now` becomes updatedAt.
 * Returns true if no ticket is under way any more (a held one still is).
 */
bool	 receipt_write(struct buf *, const char *organization,
	    const struct receipt_ticket *, size_t count, int64_t now);

/* The receipt of a drop that was refused: `error` is its reason. */
void	 receipt_write_refused(struct buf *, const char *organization,
	    const char *name, const struct id *, const char *submitter,
	    const struct why *error, int64_t now);

/* The receipt of a drop whose idempotency key was met before. */
void	 receipt_write_duplicate(struct buf *, const char *organization,
	    const struct facts *, const struct id *first, int64_t now);

/* The error object itself: {"code", "message", "details"}. */
void	 receipt_write_error(struct buf *, const char *name,
	    const struct why *);

/* The receipt's file name for a drop of that name. */
void	 receipt_name(const char *dropped, const struct id *,
	    char out[RECEIPT_NAME_MAX]);

#endif
