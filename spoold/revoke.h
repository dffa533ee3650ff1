/*
 * revoke - a person ends the links of a ticket
 */
#ifndef SPOOLD_REVOKE_H
#define SPOOLD_REVOKE_H

#include <sys/queue.h>

#include <stdbool.h>

#include "lib/json.h"
#include "lib/why.h"

#include "spoold/change.h"

struct revocation;			/* opaque */
struct story;

TAILQ_HEAD(revocations, revocation);	/* on their way to disk */

/*
 * Ends every link that the ticket has published and that lives.  Nobody is let
 * in from now on; who has begun to fetch gets the rest.  Returns 1, 0 with
 * *why if there is none, -1 with *why if that is not possible now.
 */
int	 revoke_ticket(struct spoold *, struct organization *,
	    const struct change_place *, const char *by, struct why *);

/* True if the link of that reference is about to be ended. */
bool	 revoke_pending(const struct spoold *, const char *reference);

/*
 * After a crash, for a line of the journal: the link, whatever became of its
 * ticket; and that ticket, once it has its line.  0, or -1 with *why.
 */
int	 revoke_redo(const struct organization *, const struct json *line,
	    struct why *);
int	 revoke_redo_ticket(const struct story *, const struct json *line,
	    struct why *);

/* Forgets what is on its way. */
void	 revoke_free_all(struct spoold *);

#endif
