/*
 * sign - the signatures of a webhook
 *
 * `standard` is Standard Webhooks 1.0: HMAC-SHA256 or ed25519 over
 * `id.timestamp.body`, `x-webhook` HMAC with the instance's hash over
 * `timestamp.body`.
 */
#ifndef WORKERS_WEBHOOK_SIGN_H
#define WORKERS_WEBHOOK_SIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/why.h"

#include "workers/common/headers.h"
#include "workers/webhook/config.h"

struct signer;				/* opaque; what is the same for all */
struct signature;			/* opaque; one being made */

/* `algorithm` is the hash of x-webhook, "sha512" or else "sha256". */
struct signer	*signer_new(const char *algorithm, struct why *);

/* The largest body that an ed25519 key signs: it has to be in memory. */
#define SIGN_COLLECTED_MAX (12 * 1024 * 1024)

/*
 * Begins the signatures that the config asks for, as of now, by the first
 * `count` of its secrets.  NULL with *why.
 */
struct signature	*signature_new(const struct signer *,
			    const struct config *, size_t count,
			    const char *id, struct why *);
void	 signature_free(struct signature **);

/* False if the config asks for none: the body need not be gone through. */
bool	 signature_wanted(const struct signature *);

/* True if it keeps the body: one such at a time. */
bool	 signature_collects(const struct signature *);

/*
 * More of the body.  0, or -1 with *why: VALIDATION_ERROR if it is too large
 * for one of the keys.
 */
int	 signature_update(struct signature *, const void *, size_t,
	    struct why *);

/* Sets the headers that carry them.  0, or -1 with *why. */
int	 signature_headers(struct signature *, struct headers *,
	    struct why *);

#endif
