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

/* `status`, as it stands in the receipt; see spoold-receipt(5). */
#define RECEIPT_STATUS_TABLE(STATUS)					\
	STATUS(queued)							\
	STATUS(processing)						\
	STATUS(completed)						\
	STATUS(failed)							\
	STATUS(cancelled)						\
	STATUS(refused)							\
	STATUS(duplicate)

enum receipt_status {
#define STATUS(name) RECEIPT_##name,
	RECEIPT_STATUS_TABLE(STATUS)
#undef STATUS
	RECEIPT_STATUSES
};
/* RECEIPT_STATUSES if it is none. */
enum receipt_status	receipt_status_by_name(const char *);

/* True if no ticket of the job is under way; a held one is. */
bool	 receipt_finished(enum receipt_status);

/* One destination's part. */
struct receipt_ticket {
	struct ticket	 ticket;	/* as its file is named */
	enum queue	 queue;		/* where that is */
	bool		 in_flight;
	int64_t		 due;		/* wall ms, in retry/ */
	const struct ticket_file *file;	/* borrowed */
	const char	*link;		/* borrowed; of receipt_link()'s line;
					 * NULL: not for whom this is for */
};

/*
 * The line of the delivery that published a link which can still be shown: it
 * was not ended.  NULL if there is none.
 */
const struct event_line	*receipt_link(const struct receipt_ticket *);

/*
 * Writes the receipt's JSON, without a newline; `now` becomes updatedAt.
 * Returns its status.
 */
enum receipt_status	receipt_write(struct buf *, const char *organization,
			    const struct receipt_ticket *, size_t count,
			    int64_t now);

/*
 * Takes the links out of a receipt, for whoever is not its reader.  True if
 * there were any.
 */
bool	 receipt_hide_links(struct json *);

/* The receipt of a drop that was refused: `error` is its reason. */
void	 receipt_write_refused(struct buf *, const char *organization,
	    const char *name, const struct id *, const char *submitter,
	    const struct why *error, int64_t now);

/* The receipt of a drop whose idempotency key was met before. */
void	 receipt_write_duplicate(struct buf *, const char *organization,
	    const struct facts *, const struct id *first, int64_t now);

/*
 * The error object itself: {"code", "message", "details"}; and *why filled in
 * from one: -1.
 */
void	 receipt_write_error(struct buf *, const char *name,
	    const struct why *);
int	 receipt_read_error(const struct json *error, struct why *);

/* The receipt's file name for a drop of that name. */
void	 receipt_name(const char *dropped, const struct id *,
	    char out[RECEIPT_NAME_MAX]);

/* The id in such a name (a refused drop's, too).  0, or -1 if it has none. */
int	 receipt_id(const char *name, struct id *);

#endif
