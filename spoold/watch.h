/*
 * watch - inotify on the spools' directories: a hint, never the truth
 *
 * Whatever it says is looked up on disk before it is believed.  An overflow, a
 * directory that was replaced, and the slow timer have the directories read
 * anew; where watches run out the scan alone carries on, more often.
 */
#ifndef SPOOLD_WATCH_H
#define SPOOLD_WATCH_H

#include "lib/why.h"

struct organization;
struct spoold;
struct watch;				/* opaque */

/* NULL with *why. */
struct watch	*watch_new(struct spoold *, struct why *);
void		 watch_free(struct watch **);

/* Watches an organization's directories; alerts if that is not possible. */
void	 watch_organization(struct spoold *, struct organization *);

/* One of an organization's directories is gone: it is looked for again. */
void	 watch_for_return(struct spoold *);

/* No more of that. */
void	 watch_organization_end(struct spoold *, struct organization *);

#endif
