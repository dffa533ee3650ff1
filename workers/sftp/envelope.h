/*
 * envelope - the content of a file that is encrypted
 *
 * What comes out of it has other bytes each time it is begun, so what it has
 * given is counted and hashed for whoever looks at the file afterwards.
 */
#ifndef WORKERS_SFTP_ENVELOPE_H
#define WORKERS_SFTP_ENVELOPE_H

#include <openssl/evp.h>

#include "workers/common/cms.h"
#include "workers/common/parcel.h"

struct envelope {
	struct cms_envelope *cms;	/* own; until it has ended */
	struct buf	 out;		/* own; not read yet, from `at` on */
	size_t		 at;
	EVP_MD_CTX	*digest;	/* own; of what was read */
	/* Once it has ended. */
	int64_t		 length;
	uint8_t		 sha256[SHA256_LENGTH];
};

/*
 * Those of the certificates that are valid now.  NULL with *why, CONFIG_ERROR,
 * if none is.
 */
struct certificates	*envelope_choose(const struct certificates *,
			    struct why *);

/* Anew, in a zeroed one or any other.  0, or -1 with *why. */
int	 envelope_begin(struct envelope *, const struct certificates *,
	    enum cms_cipher, struct why *);

/*
 * The next bytes of what becomes of the content, `room` but at the end; 0 at
 * the end, -1 with *why.
 */
int64_t	 envelope_read(struct envelope *, struct extent_reader *content,
	    char *out, size_t room, struct why *);
void	 envelope_free(struct envelope *);

/*
 * What was read, all of it, in a word that a later attempt can compare a file
 * with; and back again, 0 or -1.
 */
void	 envelope_print(const struct envelope *, struct buf *);
int	 envelope_parse(const char *, int64_t *length,
	    uint8_t sha256[SHA256_LENGTH]);

#endif
