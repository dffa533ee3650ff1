/*
 * keys - which job owns an idempotency key
 *
 * keys/ has a file for each key, named by 128 bits of its SHA-256 in hex, that
 * holds the owner's id and a digest of what it was to deliver and to whom.  It
 * is written when the job is accepted, and removed when that has failed or was
 * cancelled; what is older than queue.idempotency_window counts for nothing.
 */
#ifndef SPOOLD_KEYS_H
#define SPOOLD_KEYS_H

#include <sys/queue.h>

#include "lib/facts.h"
#include "lib/id.h"
#include "lib/why.h"

#define KEY_HEX 33			/* 128 bits, and a NUL */

struct organization;
struct spoold;

/* One whose file is not written yet. */
struct claim {
	TAILQ_ENTRY(claim) entry;
	char		 name[KEY_HEX];
	char		 digest[KEY_HEX];
	struct id	 owner;
};

TAILQ_HEAD(claims, claim);

/*
 * Claims the job's key for it.  Returns 1 if it has the key now, or needs none;
 * 0 if *first_r has it already, for the same delivery; -1 with *why: CONFLICT
 * if that was for another payload or other destinations.
 */
int	 keys_claim(struct spoold *, struct organization *,
	    const struct facts *, struct id *first_r, struct why *);

/* The claim is over: its file is written, or it never will be. */
void	 keys_settle(struct organization *, const struct facts *);
void	 keys_settle_all(struct organization *);

/* Writes the file of the job's key, if it has one.  0, or -1 with *why. */
int	 keys_write(struct organization *, const struct facts *,
	    struct why *);

/* The job came to nothing: its key is free again.  0, or -1 with *why. */
int	 keys_release(struct organization *, const struct facts *,
	    struct why *);

#endif
