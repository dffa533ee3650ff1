/*
 * sharedkey - Azure Storage's Shared Key, in the Authorization header
 *
 * As "Authorize with Shared Key" of Azure Storage's REST API reference has it,
 * for version 2015-02-21 and later: a body of no bytes has an empty length.
 * The canonical resource is the account and the path as it is sent; the
 * emulator's path begins with the account, which then is there twice.
 */
#ifndef WORKERS_SHAREDKEY_H
#define WORKERS_SHAREDKEY_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/why.h"

#include "workers/common/headers.h"

struct sharedkey {
	const char	*account;	/* borrowed */
	const char	*key;		/* borrowed; base64 */
};

struct sharedkey_request {
	const char	*method;
	const char	*path;		/* encoded, from its first slash on */
	const char	*query;		/* encoded, sorted; no name twice */
	int64_t		 length;	/* bytes of the body */
	int64_t		 now;		/* wall ms */
};

/* Adds X-Ms-Date, which every request has.  0, or -1 with *why. */
int	 sharedkey_date(int64_t now, struct headers *, struct why *);

/* Appends the text that is signed, once all headers but the last are there. */
void	 sharedkey_text(const struct sharedkey *,
	    const struct sharedkey_request *, const struct headers *,
	    struct buf *out);

/* Adds X-Ms-Date and Authorization.  0, or -1 with *why. */
int	 sharedkey_sign(const struct sharedkey *,
	    const struct sharedkey_request *, struct headers *,
	    struct why *);

#endif
