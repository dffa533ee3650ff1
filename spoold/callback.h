/*
 * callback - a job's receipt, sent to the destination that the job names
 *
 * When the job is finished, its receipt becomes the payload of a job of its
 * own, dropped like any other: what is promised of those holds for it.
 */
#ifndef SPOOLD_CALLBACK_H
#define SPOOLD_CALLBACK_H

#include "lib/buf.h"
#include "lib/facts.h"
#include "lib/receipt.h"
#include "lib/why.h"

struct callbacks;			/* opaque */
struct organization;
struct spoold;

struct callbacks	*callbacks_new(void);
void			 callbacks_free(struct callbacks **);

/*
 * The job is finished with that receipt: sees to its callback, if it wants
 * one.  The same end of the same job may be told twice.  0, or -1 with *why.
 */
int	 callback_send(struct spoold *, struct organization *,
	    const struct facts *, enum receipt_status,
	    const struct buf *receipt, struct why *);

/*
 * Drops a job of spoold's own, whose name begins with that word: its text is
 * written now, and is dropped once it is durable.  An idempotency key in it is
 * to see that what is told twice is sent once.  0, or -1 with *why.
 */
#define CALLBACK_PREFIX "callback-"
int	 callback_put(struct spoold *, struct organization *,
	    const char *name, const struct buf *text, struct why *);

/* At the start: drops what the last run had not dropped yet.  The same. */
int	 callbacks_resume(struct spoold *, struct organization *,
	    struct why *);

#endif
