/*
 * hostkeys - the alerts about servers that have another key than is pinned
 *
 * Either somebody put a new key there, or somebody is in between: a person has
 * to look.  There is one for each destination, with the key that was seen.  It
 * ends when the pinned key is seen there again, or the destination has another
 * hostKey or server, or is disabled or deleted.
 */
#ifndef SPOOLD_HOSTKEYS_H
#define SPOOLD_HOSTKEYS_H

#include "lib/link.h"

struct destination;
struct spoold;
struct target;

/*
 * An attempt with that version of the destination has ended, as its worker
 * says.  One that began before a change says nothing of what is there now.
 */
void	 hostkeys_note(struct target *, int64_t version,
	    const struct link_record *outcome);

/* The destination is about to be replaced by that one, or NULL. */
void	 hostkeys_change(struct target *, const struct destination *);

/* From time to time: begins and ends the alerts. */
void	 hostkeys_check(struct spoold *);

#endif
