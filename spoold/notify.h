/*
 * notify - a link, sent to the destination that a download's names
 *
 * By a job of its own, dropped like any other: what is promised of those holds
 * for it.  It is the one place beside the submitter's receipt where the link
 * stands.
 */
#ifndef SPOOLD_NOTIFY_H
#define SPOOLD_NOTIFY_H

#include "lib/published.h"
#include "lib/why.h"

struct organization;
struct spoold;

/* Told twice, it is sent once.  0, or -1 with *why. */
int	 notify_send(struct spoold *, struct organization *,
	    const struct published *, const char *link,
	    const char *correlation_id, struct why *);

#endif
