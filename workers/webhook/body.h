/*
 * body - what is sent: the parcel's content, and what stands around it
 *
 * The same bytes at every attempt.  They are gone through twice, in pieces:
 * once to be signed, once to be sent.
 */
#ifndef WORKERS_WEBHOOK_BODY_H
#define WORKERS_WEBHOOK_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/why.h"

#include "workers/common/courier.h"
#include "workers/webhook/config.h"

#define BODY_PARTS_MAX 5
#define BODY_HEADER_MAX (8 * 1024)	/* bytes of the metadata as a header;
					 * servers take little more than that */

struct body_part {
	struct buf	 bytes;		/* own; of a part that is no file's */
	const struct extent *extent;	/* borrowed; NULL: bytes */
	bool		 minified;	/* sent without white space */
};

struct body {
	struct body_part parts[BODY_PARTS_MAX];
	size_t		 count;
	/* Where it is being read. */
	size_t		 part;
	int64_t		 at;		/* in that part */
	struct extent_reader reader;
	struct minifier	 minifier;
};

/*
 * Composes the body of an attempt; nothing is read yet.  0, or -1 with *why:
 * this job cannot be sent to this destination.
 */
int	 body_open(struct body *, const struct attempt *, struct why *);
void	 body_close(struct body *);

/* Of all; once the parcel was checked. */
int64_t	 body_length(const struct body *, const struct parcel *);

/*
 * The metadata as the value of a header beside a file, in ASCII.  0, or -1
 * with *why if it is too large for one.
 */
int	 body_header(const struct parcel *, struct buf *, struct why *);

/* From the beginning. */
void	 body_rewind(struct body *);

/*
 * The next bytes, as many as there are up to `room`; 0 at the end; -1 with
 * *why if it has changed or cannot be read.
 */
int64_t	 body_read(struct body *, char *out, size_t room, struct why *);

#endif
