/*
 * fetch_denied - who was refused at a link, for the journal
 *
 * The first refusal of an address at a link is a line at once, what follows of
 * the same is counted, one line a minute; so nobody can fill a disk by asking.
 */
#ifndef SPOOLD_FETCH_DENIED_H
#define SPOOLD_FETCH_DENIED_H

#include "lib/id.h"

struct denials;				/* opaque */
struct organization;
struct spoold;

enum denial {
	DENIED_unknown,		/* there is no such link (any more) */
	DENIED_expired, DENIED_used_up, DENIED_revoked,
	DENIED_address,		/* not from there */
	DENIED_changed,		/* what it leads to is not what it was */
	DENIALS
};

/* Which link; all NULL where there is none. */
struct denied {
	const struct organization *organization;	/* borrowed */
	const struct id	*id;
	const char	*destination;
	const char	*reference;
};

struct denials	*denials_new(void);
void		 denials_free(struct denials **);

/* Somebody at that address ("": not known) was refused. */
void	 denials_add(struct spoold *, struct denials *, enum denial,
	    const struct denied *, const char *peer);

/* Once a second: what has been counted for long enough. */
void	 denials_check(struct spoold *, struct denials *);

#endif
