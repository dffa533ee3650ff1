/*
 * parcel - what was accepted: the job, its content and its metadata
 *
 * The content is what is delivered: the job's inline data, or its payload
 * file.  All of it is read from the descriptors that came with the attempt,
 * in pieces, and each reading compares what it read with its digest before it
 * gives the last of it away; a file that its owner changes between two
 * readings is found out at each of them.
 */
#ifndef WORKERS_PARCEL_H
#define WORKERS_PARCEL_H

#include <openssl/evp.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/link.h"

/* JSON without the white space between its tokens, as far as was read. */
struct minifier {
	bool	 in_string, escaped;
};

/* Takes white space between tokens out, in place; the bytes that are left. */
size_t	 minify(struct minifier *, char *text, size_t length);

/* A part of a file. */
struct extent {
	int		 fd;		/* borrowed */
	int64_t		 offset, length;
	uint8_t		 sha256[SHA256_LENGTH];
	const char	*what;		/* "the job" or "the payload" */
	bool		 whole;		/* the file must end there */
};

/* Reads an extent from its beginning to its end, again and again. */
struct extent_reader {
	const struct extent *extent;	/* borrowed */
	int64_t		 at;		/* within it */
	EVP_MD_CTX	*digest;	/* own */
};

/* To the beginning of that extent; a zeroed reader has none. */
void	 extent_begin(struct extent_reader *, const struct extent *);

/*
 * The next bytes, up to `room`; 0 at the end; -1 with *why if it cannot be
 * read, or PAYLOAD_CHANGED.
 */
int64_t	 extent_read(struct extent_reader *, char *out, int64_t room,
	    struct why *);
void	 extent_free(struct extent_reader *);

struct parcel {
	int		 job, payload;	/* own; -1: no payload file */
	bool		 has_file;
	struct extent	 content;
	struct extent	 metadata;	/* its digest is known when checked;
					 * length 0: there is none */
	int64_t		 metadata_length;	/* minified; when checked */
	struct buf	 metadata_text;	/* own; so, as far as it is kept */
	/* Where it is being checked. */
	struct extent	 whole;		/* the job */
	struct extent_reader check;
	struct minifier	 minifier;
	EVP_MD_CTX	*metadata_digest;	/* own */
};

/*
 * Takes the descriptors of an attempt.  Up to `kept` bytes of the metadata are
 * kept; more than that sets metadata_text.overflow.  0: none are.
 */
void	 parcel_open(struct parcel *, const struct link_record *attempt,
	    size_t kept);
void	 parcel_close(struct parcel *);

/*
 * Compares the next piece of the job, `size` bytes of `chunk` at most, with
 * what was accepted, and adds the bytes to *done.  1 when all of it was, 0 if
 * there is more, -1 with *why.  The content of a payload file is compared
 * whenever it is read.
 */
int	 parcel_check(struct parcel *, char *chunk, size_t size,
	    int64_t *done, struct why *);
bool	 parcel_checked(const struct parcel *);

#endif
