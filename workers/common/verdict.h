/*
 * verdict - what an answer means for the ticket
 */
#ifndef WORKERS_VERDICT_H
#define WORKERS_VERDICT_H

#include "lib/buf.h"
#include "lib/link.h"

#include "workers/common/http.h"

/* The texts of an outcome, while its record is sent. */
struct verdict_text {
	char	 reason[1024];
	char	 reference[257];
	struct buf remote;	/* own */
};

/* What the statuses from `from` to `to` mean. */
struct verdict_row {
	int		 from, to;
	enum verdict	 verdict;
	enum error	 error;
	int		 flags;		/* OUTCOME_… */
	const char	*words;		/* after the status, or NULL */
};

/*
 * Which statuses mean what, one a line each: `success` delivered, or all from
 * 200 to 299 if it is ""; `permanent` ends a ticket otherwise.  A transport's
 * own rows come before those that all have; the first that fits counts.
 */
struct verdict_rules {
	const char	*success, *permanent;	/* borrowed */
	const struct verdict_row *rows;	/* borrowed */
	size_t		 row_count;
};

/*
 * Fills in the outcome of an answer.  The record borrows from `text` and the
 * answer.
 */
void	 verdict(const struct http_answer *, const struct verdict_rules *,
	    struct link_record *outcome, struct verdict_text *text);

/*
 * Appends the first 1 KiB of what a remote said, for the ticket; no UTF-8,
 * controls and \ as \xHH.
 */
void	 verdict_keep_remote(const char *, size_t, struct buf *out);

#endif
