/*
 * receipts_make - the text of a receipt
 */
#ifndef SPOOLD_RECEIPTS_MAKE_H
#define SPOOLD_RECEIPTS_MAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/facts.h"
#include "lib/json.h"
#include "lib/receipt.h"
#include "lib/ticket.h"

struct organization;
struct spoold;

/* A ticket's file that is known without reading it. */
struct known {
	const char	*destination;
	const struct ticket_file *file;
};

/* The receipt of that name as it stands, and its text; NULL if none does. */
struct json	*receipts_read(const struct organization *, const char *name,
		    struct buf *raw);

/*
 * Where an earlier receipt says that a destination's ticket came to rest: true
 * if it is there; it is remembered then, and its attempts are set.
 */
bool		 receipts_locate(struct organization *,
		    const struct json *receipt, struct ticket *);

/*
 * Appends a job's receipt as it would be now.  With a `spoold`, whose vault can
 * make them, also with its links; *links_r is how many it has.
 */
enum receipt_status	receipts_make(const struct spoold *,
			    struct organization *, const struct facts *,
			    const struct known *, struct buf *out,
			    size_t *links_r);

#endif
