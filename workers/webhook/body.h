/*
 * body - what is sent: some bytes, a part of a file, some bytes
 *
 * The same bytes at every attempt.  It is gone through twice: once to compare
 * it with what was accepted and to sign it, once to be sent; the second time
 * its digest is compared again before the last of it is given away.
 */
#ifndef WORKERS_WEBHOOK_BODY_H
#define WORKERS_WEBHOOK_BODY_H

#include <openssl/evp.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/link.h"

#include "workers/webhook/config.h"

struct body {
	struct buf	 before, after;	/* own */
	int		 fd;		/* borrowed */
	int64_t		 offset, length;	/* of the part of the file */
	int64_t		 at;		/* bytes gone through, of all */
	uint8_t		 sha256[SHA256_LENGTH];	/* of that part, accepted */
	EVP_MD_CTX	*digest;	/* own */
	bool		 changed;	/* it is not what was accepted */
};

/*
 * Composes the body of an attempt.  0, or -1 with *why: this job cannot be
 * sent to this destination.
 */
int	 body_open(struct body *, const struct link_record *attempt,
	    const struct config *, const char *organization, struct why *);
void	 body_close(struct body *);

/* All of its bytes. */
int64_t	 body_length(const struct body *);

/* From the beginning. */
void	 body_rewind(struct body *);

/*
 * The next bytes, 0 at the end; -1 if it has changed (`changed`) or cannot be
 * read.
 */
int64_t	 body_read(struct body *, char *out, size_t room);

/*
 * The job's metadata, minified, appended to `out`.  0, or -1 with *why.
 */
int	 body_metadata(const struct link_record *attempt, struct buf *out,
	    size_t max, struct why *);

#endif
