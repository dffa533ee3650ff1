/*
 * rotations - credentials whose second value takes over at its time
 *
 * The value before is kept for `overlap_days`, as that of a secret that signs,
 * for whoever has to go back; then it is forgotten.
 */
#ifndef SPOOLD_ROTATIONS_H
#define SPOOLD_ROTATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/json.h"

struct request;
struct spoold;
struct target;

/*
 * Does what is due for one that is not being changed: takes a value over, or
 * forgets one.  False if a value cannot take over.
 */
bool	 rotations_due(struct spoold *, struct target *, int64_t now);

/* secret.add of a field's value, and secret.revoke of one. */
void	 rotation_add(struct request *, struct target *, const char *field);
void	 rotation_revoke(struct request *, struct target *,
	    const char *field);

/* Once a minute: alerts of what ends soon, by the destinations' own word. */
void	 expirations_check(struct spoold *);

/* What there is to know of it has changed: it is looked at soon. */
void	 expirations_again(struct spoold *);

#endif
