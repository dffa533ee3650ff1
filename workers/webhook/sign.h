/*
 * sign - the signatures of a webhook
 *
 * `standard` is Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`,
 * `x-webhook` HMAC-SHA256 over `timestamp.body`.
 */
#ifndef WORKERS_WEBHOOK_SIGN_H
#define WORKERS_WEBHOOK_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/why.h"

#include "workers/webhook/config.h"

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

/* More of the body.  0, or -1. */
int	 signature_update(struct signature *, const void *, size_t);

/*
 * Appends the headers that carry them, one a line.  0, or -1.
 */
int	 signature_headers(struct signature *, struct buf *lines);

#endif
