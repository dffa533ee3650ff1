/*
 * receipts - writing them, and the status of a job that has none yet
 */
#ifndef SPOOLD_RECEIPTS_H
#define SPOOLD_RECEIPTS_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/facts.h"
#include "lib/receipt.h"
#include "lib/ticket.h"
#include "lib/why.h"

struct organization;
struct spoold;

/*
 * Writes the job's receipt after one of its tickets has finished (or is under
 * way again), and tells whoever waits for it.  Where it cannot be written now,
 * that is done again until it can, and the facts
 * are kept: they are emptied then.
 */
void	 receipts_update(struct spoold *, struct organization *,
	    struct facts *);

/* The same for a ticket that has just finished, whose file needs no reading. */
void	 receipts_finish(struct spoold *, struct organization *,
	    const char *destination, struct ticket_file *);

/* Appends the job's receipt as it would be now to `out`. */
enum receipt_status	receipts_build(struct organization *,
			    const struct facts *, struct buf *out);

/*
 * The same for an id alone: from its tickets in memory; else from its
 * receipt, which is found at once with the dropped name.  Returns 1 with
 * *finished_r, 0 if nothing is known of it, -1 with *why.
 */
int	 receipts_status(struct organization *, const struct id *,
	    const char *name, struct buf *out, bool *finished_r, struct why *);

/*
 * Reads the file of one of a job's tickets, which has its facts, wherever it
 * is; found as by receipts_status().  1, 0 if there is none, -1 with *why.
 */
int	 receipts_ticket(struct organization *, const struct id *,
	    const char *name, struct ticket_file *, struct why *);

/*
 * True if the ticket of that job and destination has a file in done/ or
 * failed/ already: another one is a copy.
 */
bool	 receipts_has_twin(struct organization *, const struct facts *,
	    const struct ticket *);

/* The status of the receipt of that name; RECEIPT_STATUSES: none, or damaged. */
enum receipt_status	receipts_kept(const struct organization *,
			    const char *name);

/* A drop, as far as its receipt says whose it is. */
struct dropped {
	const char	*name;		/* borrowed, as all of it */
	const struct id	*id;
	const char	*submitter;
};

/* The receipt of a drop that was refused.  0, or -1 with *why. */
int	 receipts_refused(struct spoold *, struct organization *,
	    const struct dropped *, const struct why *error, struct why *);

/* The receipt of one that repeats the key of `first`.  The same. */
int	 receipts_duplicate(struct spoold *, struct organization *,
	    const struct facts *, const struct id *first, struct why *);

#endif
