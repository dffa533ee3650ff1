/*
 * secrets - the lives of the secrets that sign
 *
 * A new secret becomes the current one; the one before signs along for
 * `overlap_days` and retires then, but only if the receiver is known to accept
 * the new one: spoold tries one that it made once a day, or a person says so.
 * Otherwise both go on, and an alert says so.
 */
#ifndef SPOOLD_SECRETS_H
#define SPOOLD_SECRETS_H

#include "lib/destination_secret.h"

#include "spoold/destinations.h"

struct spoold;
struct target;

/* Whose secrets they are, for destination_secret_…(). */
struct destination_keeper	 secrets_keeper(const struct spoold *,
				    const struct target *);

/* When the overlap of a secret that goes out of use now ends; wall ms. */
int64_t	 secrets_overlap_end(const struct spoold *);

/* True while an older one signs beside one that may not be accepted. */
bool	 secrets_are_uncertain(const struct destination *);

/*
 * Puts a copy whose secrets have changed in force; `id` is the secret that the
 * event is about.  As destination_put().
 */
int	 secrets_put(struct spoold *, struct target *, struct destination *,
	    enum event, const char *id, const char *by, destination_done *done,
	    void *arg, struct why *);

/* Once a second: retires those whose overlap has ended, makes successors. */
void	 secrets_check(struct spoold *);

#endif
