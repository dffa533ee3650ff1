/*
 * recent - the ids of the drops judged last
 *
 * Who asks about a drop may ask after it was judged; this remembers which id
 * a name had, for the last thousand.
 */
#ifndef SPOOLD_RECENT_H
#define SPOOLD_RECENT_H

#include "lib/id.h"

struct organization;
struct recent;				/* opaque */

struct recent	*recent_new(void);
void		 recent_free(struct recent **);

void	 recent_add(struct recent *, const struct organization *,
	    const char *name, const struct id *);

/* The id of the last drop of that name, or NULL. */
const struct id	*recent_find(const struct recent *,
		    const struct organization *, const char *name);

#endif
