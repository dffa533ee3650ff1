/*
 * body - what is sent: the job's data or payload file, and what stands around
 *
 * The same bytes at every attempt.  They are gone through up to three times,
 * each time in pieces: once to see that the job is still what was accepted,
 * once to be signed, once to be sent.  Whatever comes from a file is compared
 * with its digest each time, before the last of it is given away.
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

#define BODY_PARTS_MAX 5

/* JSON without the white space between its tokens, as far as was read. */
struct minifier {
	bool		 in_string, escaped;
};

/* A part of a file. */
struct extent {
	int64_t		 offset, length;
	uint8_t		 sha256[SHA256_LENGTH];
};

struct body_part {
	struct buf	 bytes;		/* own; of a part that is not a file's */
	int		 fd;		/* borrowed; -1: bytes */
	struct extent	 extent;	/* of fd */
	bool		 minified;	/* sent without white space */
	bool		 whole;		/* the file must end there */
};

struct body {
	struct body_part parts[BODY_PARTS_MAX];
	size_t		 count;
	int64_t		 length;	/* of all, once it was checked */
	int		 job;		/* borrowed */
	int64_t		 job_bytes;
	uint8_t		 job_sha256[SHA256_LENGTH];
	struct extent	 metadata;	/* in the job; length 0: none */
	struct buf	 header;	/* own; the metadata as a header's value */
	bool		 has_file;
	bool		 changed;	/* it is not what was accepted */
	/* Where it is being read. */
	size_t		 part;
	int64_t		 at;		/* in that part, or in the job */
	struct minifier	 minifier;
	EVP_MD_CTX	*digest;	/* own; of the part, or of the job */
	EVP_MD_CTX	*metadata_digest;	/* own; while checking */
};

/*
 * Composes the body of an attempt; nothing is read yet.  0, or -1 with *why:
 * this job cannot be sent to this destination.
 */
int	 body_open(struct body *, const struct link_record *attempt,
	    const struct config *, const char *organization, struct why *);
void	 body_close(struct body *);

/*
 * Compares the next piece of the job, `size` bytes of `chunk` at most, with
 * what was accepted.  1 when all of it was, 0 if there is more, -1 with *why.
 * After 1 the length and the header are known.
 */
int	 body_check(struct body *, char *chunk, size_t size, struct why *);

/* From the beginning. */
void	 body_rewind(struct body *);

/*
 * The next bytes, as many as there are up to `room`; 0 at the end; -1 with
 * *why if it has changed or cannot be read.
 */
int64_t	 body_read(struct body *, char *out, size_t room, struct why *);

#endif
