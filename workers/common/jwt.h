/*
 * jwt - a claim signed with an RSA key, to be given for a token
 *
 * RFC 7523's assertion: a JWT (RFC 7519) with the algorithm RS256.
 */
#ifndef WORKERS_JWT_H
#define WORKERS_JWT_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/why.h"

struct jwt {
	const char	*key;		/* PEM; borrowed */
	const char	*key_id;	/* or NULL */
	const char	*issuer, *scope, *audience;
	int64_t		 now;		/* s since 1970 */
	int64_t		 life;		/* s */
};

/* Appends it; the caller wipes it.  0, or -1 with *why. */
int	 jwt_sign(const struct jwt *, struct buf *out, struct why *);

#endif
