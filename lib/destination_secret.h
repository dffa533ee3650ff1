/*
 * destination_secret - the secrets of a destination that signs
 *
 * One is current, and signs first.  Those that it took the place of sign along
 * until their overlap has ended; there are SIGNING_SECRETS_MAX at most.  In
 * the document the current one stands, sealed, where a person gave it
 * (`secret` of the config), the others in `oldSecrets` beside it, by their
 * ids.  `secrets` at the top of the document says of each its id, who made it,
 * when, and whether the receiver is known to accept it: nothing that has to be
 * sealed.  An id is the destination's version that brought the secret.
 */
#ifndef LIB_DESTINATION_SECRET_H
#define LIB_DESTINATION_SECRET_H

#include "lib/destination.h"

/*
 * Makes `secret` the current one; the one before signs along until
 * `expires_at` (wall ms).  Returns 0, or -1 with *why: it is no secret for
 * this destination (VALIDATION_ERROR), or there are too many (CONFLICT).
 */
int	 destination_secret_add(struct destination *,
	    const struct destination_keeper *, const char *secret, bool made,
	    int64_t expires_at, struct why *);

/*
 * It signs no more.  Where it was the current one, the youngest of the others
 * becomes that.  Returns 0, or -1 with *why: CONFLICT for the last one.
 */
int	 destination_secret_remove(struct destination *,
	    const struct destination_keeper *, const char *id, struct why *);

/*
 * Takes the secrets of `old` over, into what `destination` was made into out
 * of it, whose current one is the same.  Returns 0, or -1 with *why: one of
 * them cannot make the signature that it asks for.
 */
int	 destination_secrets_move(struct destination *,
	    const struct destination *old, const struct destination_keeper *,
	    struct why *);

/*
 * The destination that `patch` makes of one: a JSON merge patch (RFC 7396),
 * in which ******** stands for a value that stays.  `made_secret` as for
 * destination_make().  NULL with *why: CONFLICT if it names another version.
 */
struct destination	*destination_update(const struct destination *old,
			    const struct json *patch,
			    const struct destination_keeper *,
			    struct buf *made_secret, struct why *why);

/* The receiver accepts the current one. */
void	 destination_secret_accept(struct destination *);

/* The one of that id; with NULL for it the current one.  NULL with *why. */
const struct destination_secret	*destination_secret_find(
			    const struct destination *, const char *id,
			    struct why *);

/* Appends the secret itself to `out`, which the caller wipes. */
int	 destination_secret_open(const struct destination *,
	    const struct destination_keeper *,
	    const struct destination_secret *, struct buf *out, struct why *);

/* What is known of one, as an object; and of all, as `secrets`. */
void	 destination_secret_print(const struct destination_secret *,
	    struct buf *);
void	 destination_secrets_print(const struct destination *, struct buf *);

#endif
