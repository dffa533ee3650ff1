/*
 * sign - the signatures of a webhook
 *
 * `standard` is Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`,
 * `x-webhook` HMAC-SHA256 over `timestamp.body`.
 */
#ifndef WORKERS_WEBHOOK_SIGN_H
#define WORKERS_WEBHOOK_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/why.h"

#include "workers/webhook/config.h"
#include "workers/webhook/headers.h"

struct signer;				/* opaque; what is the same for all */
struct signature;			/* opaque; one being made */

struct signer	*signer_new(struct why *);

/*
 * Begins the signatures that the config asks for; `at` is wall ms.  NULL with
 * *why.
 */
struct signature	*signature_new(const struct signer *,
			    const struct config *, const char *id,
			    int64_t at, struct why *);
void	 signature_free(struct signature **);

/* False if the config asks for none: the body need not be gone through. */
bool	 signature_wanted(const struct signature *);

/* More of the body.  0, or -1. */
int	 signature_update(struct signature *, const void *, size_t);

/* Sets the headers that carry them.  0, or -1 with *why. */
int	 signature_headers(struct signature *, struct headers *,
	    struct why *);

#endif
