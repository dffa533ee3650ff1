/*
 * hostkeys - the alerts about servers that have another key than is pinned
 *
 * Either somebody put a new key there, or somebody is in between: a person has
 * to look.  There is one for each destination, with the key that was seen.  It
 * ends when that delivers, has another hostKey or server, or is disabled or
 * deleted.
 */
#ifndef SPOOLD_HOSTKEYS_H
#define SPOOLD_HOSTKEYS_H

#include "lib/link.h"

struct destination;
struct spoold;
struct target;

/* An attempt has ended; `reason` is what the worker said of it. */
void	 hostkeys_note(struct target *, const struct link_outcome *,
	    const char *reason);

/* The destination is about to be replaced by that one, or NULL. */
void	 hostkeys_change(struct target *, const struct destination *);

/* From time to time: begins and ends the alerts. */
void	 hostkeys_check(struct spoold *);

#endif
