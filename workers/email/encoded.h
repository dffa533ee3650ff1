/*
 * encoded - a request's body: two texts, and between them something in base64
 *
 * The texts are in memory; what is between them, an attachment or a whole
 * message, is read while the body is, and encoded on the way, without line
 * breaks, as a string of JSON has it.  How long all of it is, is known before.
 */
#ifndef WORKERS_EMAIL_ENCODED_H
#define WORKERS_EMAIL_ENCODED_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/why.h"

#include "workers/common/parcel.h"
#include "workers/email/mime.h"

#define ENCODED_READ_MIN 8	/* bytes of room that a reader has to have */
#define ENCODED_PIECE 3072	/* of the source, encoded at once */

/* A zeroed one is empty; at most one of the sources is there. */
struct encoded {
	struct buf	 head, tail;	/* own */
	const struct extent *extent;	/* borrowed, or NULL */
	struct mime	*mime;		/* borrowed, or NULL */
	/* Where it is being read. */
	enum { ENCODED_HEAD, ENCODED_SOURCE, ENCODED_TAIL } place;
	size_t		 at;		/* in the head, or the tail */
	struct extent_reader reader;
	char		 raw[ENCODED_PIECE + MIME_READ_MIN];
	size_t		 held;		/* bytes of that */
	bool		 ended;		/* the source */
};

/* Of all that is going to be read. */
int64_t	 encoded_length(const struct encoded *);

void	 encoded_rewind(struct encoded *);
/*
 * The next bytes, at most `room`, which is ENCODED_READ_MIN at least; 0 at the
 * end; -1 with *why if the source has changed or cannot be read.
 */
int64_t	 encoded_read(struct encoded *, char *out, size_t room, struct why *);

void	 encoded_free(struct encoded *);

#endif
