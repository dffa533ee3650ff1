/*
 * forward - a dead letter tried again to another destination
 *
 * The job gets one ticket more, for a destination that it did not name; the
 * old ticket stays where it rests, with a line that says where the job went
 * instead, by which its receipt finds the new one.
 */
#ifndef SPOOLD_FORWARD_H
#define SPOOLD_FORWARD_H

#include <sys/queue.h>

#include <stdbool.h>

#include "lib/id.h"
#include "lib/ticket.h"
#include "lib/why.h"

struct change_place;
struct organization;
struct spoold;

/* One whose line is on its way to the journal. */
struct forward {
	TAILQ_ENTRY(forward) entry;
	struct id	 id;
	char		 destination[DESTINATION_ID_MAX + 1];	/* the new one */
};

TAILQ_HEAD(forwards, forward);

/*
 * Journals it and has it carried out.  `delivered` allows what is in done/.
 * Returns 1, 0 with *why if the ticket is elsewhere or the job has one for
 * that destination already, -1 with *why if it is not possible now.
 */
int	 forward_ticket(struct spoold *, struct organization *,
	    const struct change_place *, bool delivered,
	    const char *destination, const char *by, struct why *);

#endif
