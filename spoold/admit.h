/*
 * admit - carries an `accepted` line out: payload, tickets, job
 */
#ifndef SPOOLD_ADMIT_H
#define SPOOLD_ADMIT_H

#include "lib/buf.h"
#include "lib/facts.h"
#include "lib/ticket.h"
#include "lib/why.h"
#include "spool-layout/layout.h"

struct organization;

/*
 * All of it.  Returns 1, or 0 if its owner has replaced or removed the drop
 * meanwhile (everything is as it was then), -1 with *why.  May be done again.
 */
int	 admit(struct organization *, const struct facts *, struct why *);

/*
 * After a crash: brings payload and job into jobs/, if they are not there.
 * Returns 1, 0 if the job is neither in jobs/ nor, as the same drop, in new/;
 * -1 with *why.  A move gives a file another ctime: *changed is that which the
 * payload (the job, where its data are inline) had before it, wall ns, or 0
 * where it was in its place.
 */
int	 admit_move(struct organization *, const struct facts *,
	    int64_t *changed, struct why *);

/* Takes tickets and payload back.  0, or -1 with *why. */
int	 admit_undo(struct organization *, const struct facts *,
	    struct why *);

/* Creates those of its tickets that are not in that queue.  0, or -1. */
int	 admit_tickets(struct organization *, const struct facts *,
	    enum queue, struct why *);

/* The first line of its tickets. */
void	 admit_line(struct buf *, const struct facts *);

/* Its i-th ticket as it is created, and the queue that it is created in. */
void	 admit_ticket(const struct facts *, size_t i, struct ticket *);
enum queue	 admit_queue(const struct facts *);

/* `<id>.json` or `<id>.data` */
void	 admit_job_name(const struct id *, const char *ending,
	    char out[ID_LENGTH + 8]);

#endif
