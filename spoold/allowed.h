/*
 * allowed - what the configuration lets an organization's destinations use
 */
#ifndef SPOOLD_ALLOWED_H
#define SPOOLD_ALLOWED_H

#include "lib/destination.h"
#include "lib/why.h"

struct organization;
struct spoold;

/*
 * 0 if a destination that is to be may use what it names, or -1 with *why: a
 * VALIDATION_ERROR with the field.
 */
int	 allowed(const struct spoold *, const struct organization *,
	    const struct destination *, struct why *);

#endif
