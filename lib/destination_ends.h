/*
 * destination_ends - what of a destination ends by itself, and when
 *
 * Certificates say so, signatures of Azure Storage (`se`), and tokens that are
 * JSON Web Tokens (RFC 7519, `exp`).  Since tokens are sealed, what they say is
 * put into the document when it is made, as `expirations`.
 */
#ifndef LIB_DESTINATION_ENDS_H
#define LIB_DESTINATION_ENDS_H

#include "lib/destination.h"

#define ENDS_SOON (30 * INT64_C(86400000))	/* ms; unless set otherwise */

struct ending {
	const char	*field;		/* within the config of its type */
	size_t		 number;	/* of the certificate, from 1; or 0 */
	int64_t		 at;		/* wall ms */
};

typedef void	 destination_ending(void *arg, const struct ending *);

/* Goes through what a config in clear has: the first that ends of each. */
void	 destination_ends(const struct json *config, enum transport,
	    destination_ending *, void *arg);

/* The same from what a document says. */
void	 destination_ends_known(const struct json *document,
	    destination_ending *, void *arg);

/* Writes them as `expirations`, if there are any. */
void	 destination_ends_put(const struct json *config, enum transport,
	    struct buf *document);

/*
 * Appends a sentence about it if it ends within `lead` ms, or has.  True if it
 * did.
 */
bool	 ending_soon(const struct ending *, int64_t now, int64_t lead,
	    struct buf *);

#endif
