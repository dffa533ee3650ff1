/*
 * sigv4 - AWS Signature Version 4, in the Authorization header
 *
 * As "Authenticating Requests (AWS Signature Version 4)" of Amazon's S3 API
 * reference has it.  The path is signed as it is sent: encoded once, which is
 * S3's rule; other services want it encoded twice, which is the same for a
 * path of unreserved characters.
 */
#ifndef WORKERS_SIGV4_H
#define WORKERS_SIGV4_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/facts.h"
#include "lib/why.h"

#include "workers/common/headers.h"


struct sigv4_key {
	const char	*id, *secret;	/* borrowed */
	const char	*token;		/* of a temporary key; NULL: none */
	const char	*region, *service;
};

struct sigv4_request {
	const char	*method;
	const char	*host;		/* as the Host header will have it */
	const char	*path;		/* encoded, from its first slash on */
	const char	*query;		/* encoded, sorted, each with its "=" */
	const uint8_t	*sha256;	/* of the body */
	int64_t		 now;		/* wall ms */
};

/*
 * Adds X-Amz-Date, X-Amz-Content-Sha256, X-Amz-Security-Token and
 * Authorization; all that is among the headers before is signed.  0, or -1
 * with *why.
 */
int	 sigv4_sign(const struct sigv4_key *, const struct sigv4_request *,
	    struct headers *, struct why *);

/* Appends a text with all but unreserved characters as %XX; `/` is one. */
void	 sigv4_encode(struct buf *, const char *);
/* The same, but `/` stays. */
void	 sigv4_encode_path(struct buf *, const char *);

#endif
