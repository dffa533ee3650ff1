/*
 * denied - who asked for what he may not, for the journal
 *
 * The first refusal of a user, verb and organization is a line at once; what
 * follows of the same is counted, one line a minute; so nobody can fill a disk
 * by asking.
 */
#ifndef SPOOLD_DENIED_H
#define SPOOLD_DENIED_H

#include <sys/types.h>

#include "lib/verbs.h"

struct organization;
struct refused_requests;		/* opaque */
struct spoold;

struct refused_requests	*denied_new(void);
void	 denied_free(struct refused_requests **);

/* Somebody was refused; `organization` is NULL where it was about none. */
void	 denied_add(struct spoold *, uid_t, const char *by, enum verb_id,
	    const struct organization *organization);

/* Once a second: what has been counted for long enough; at the end, all. */
void	 denied_check(struct spoold *);
void	 denied_settle(struct spoold *);

#endif
