/*
 * destinations - creating, changing and deleting them
 */
#ifndef SPOOLD_DESTINATIONS_H
#define SPOOLD_DESTINATIONS_H

#include "lib/destination.h"
#include "lib/journal.h"
#include "lib/why.h"

struct spoold;
struct target;

/* Called when it is in force, or with *why (else NULL) when it failed. */
typedef void	 destination_done(struct spoold *, void *arg,
		    struct target *, const struct why *);

struct destination_change {
	struct destination *destination;	/* the new version, which is
					 * taken over; NULL: deleted */
	enum event	 event;
	const char	*by;
	const char	*reason;	/* or NULL */
	destination_done *done;		/* or NULL */
	void		*arg;
};

/*
 * Writes the new version, journals it and puts it in force.  Returns 0, or -1
 * with *why if that cannot begin (`done` is not called then).
 */
int	 destination_put(struct spoold *, struct target *,
	    const struct destination_change *, struct why *);

/* A copy to change; NULL with *why. */
struct destination	*destination_copy(const struct destination *,
			    struct why *);

/*
 * One that was just made, for an answer: with its warnings, and this once with
 * a secret (or NULL) that was made for it.
 */
void	 destination_put_made(struct buf *, struct destination *,
	    const struct buf *secret);

struct request;

/* The destination that the request names; NULL: it has been failed. */
struct target	*request_target(struct request *);

/* A copy of the named one, to change; NULL: the request has been failed. */
struct destination	*request_copy(struct request *, struct target **);

/* It said that it is gone (410): disables it, durably and on record. */
void	 destination_went_away(struct spoold *, struct target *,
	    const char *reason);

#endif
