/*
 * mime - a message, composed and read
 *
 * Headers, a text, the same in HTML, an attachment: of what is there, as little
 * structure as it takes.  The texts are in memory, quoted-printable; the
 * attachment is read from its file while the message is, and encoded on the
 * way.  Every line ends in CRLF and has at most 78 characters, no line of a
 * part begins with a dot, and the same message has the same bytes at every
 * attempt.
 *
 * A message that is signed or encrypted is composed and read in the same way:
 * what was composed is the entity that is protected then, and the message's own
 * headers are smime_headers() (smime.h).  Only what is encrypted, or signed by
 * an EC key, has other bytes at the next attempt, and a length that is known in
 * its bounds only.
 */
#ifndef WORKERS_EMAIL_MIME_H
#define WORKERS_EMAIL_MIME_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/why.h"

#include "workers/common/parcel.h"
#include "workers/email/smime.h"

#define MIME_LINE_BYTES 57	/* of an attachment on a line of base64 */
#define MIME_LINES 64		/* that are read at once */
#define MIME_READ_MIN 128	/* room that a reader has to have */

/* What a message consists of; all borrowed. */
struct mime_parts {
	const char	*boundary;	/* told from all others by this */
	const char	*text, *html;	/* the latter may be NULL */
	const struct extent *attachment;	/* NULL: none */
	const char	*name, *type;	/* of the attachment, checked */
	const char	*protection;	/* "; hp=…" of RFC 9788, or NULL */
};

struct mime {
	struct buf	 head, tail;	/* own */
	const struct extent *attachment;	/* borrowed, or NULL */
	/* Where it is being read. */
	int64_t		 at;		/* in the head, or the tail */
	enum { MIME_HEAD, MIME_ATTACHMENT, MIME_TAIL } place;
	struct extent_reader reader;
	char		 raw[MIME_LINE_BYTES * MIME_LINES];
	struct smime	*smime;		/* own; NULL: it is sent as it is */
};

/* `head` has the message's own headers already. */
void	 mime_compose(struct mime *, const struct mime_parts *);

/*
 * What was composed is to be read by way of that, which becomes its own.  0, or
 * -1 with *why.
 */
int	 mime_protect(struct mime *, struct smime *, struct why *);

/* Of all that is going to be read; of what is protected, at most. */
int64_t	 mime_length(const struct mime *);

void	 mime_rewind(struct mime *);
/*
 * The next bytes, at most `room`, which is MIME_READ_MIN at least; 0 at the
 * end; -1 with *why if the attachment has changed or cannot be read, or what is
 * protected cannot be.
 */
int64_t	 mime_read(struct mime *, char *out, size_t room, struct why *);

void	 mime_free(struct mime *);

#endif
