/*
 * hostkeys - the alert about servers that have another key than is pinned
 *
 * Either somebody put a new key there, or somebody is in between: a person has
 * to look.  The alert ends when the last such destination delivers, or was
 * changed or deleted.
 */
#ifndef SPOOLD_HOSTKEYS_H
#define SPOOLD_HOSTKEYS_H

#include "lib/link.h"

struct spoold;
struct target;

/* An attempt has ended. */
void	 hostkeys_note(struct target *, const struct link_outcome *);

/* From time to time: begins and ends the alert. */
void	 hostkeys_check(struct spoold *);

#endif
