/*
 * smime - a message that is signed, encrypted, or both (RFC 8551)
 *
 * It stands between what makes a message, its entity (the headers of a part and
 * the part), and whoever sends it, and reads the one in pieces while it is read
 * itself.  Signed, the entity is the first part of a multipart/signed, and the
 * signature, which has to know all of it, the second.  Encrypted, that or the
 * entity is the content of one application/pkcs7-mime.
 */
#ifndef WORKERS_EMAIL_SMIME_H
#define WORKERS_EMAIL_SMIME_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/why.h"

#include "workers/common/cms.h"

/* What a destination says of it; zeroed: nothing. */
struct smime_keys {
	struct certificates *recipients;	/* own; NULL: no encrypting */
	enum cms_cipher	 cipher;
	struct cms_signer *signer;	/* own; NULL: no signing */
};

/* `smime` of a config, or NULL.  0, or -1 with *why. */
int	 smime_keys_read(struct smime_keys *, const struct json *smime,
	    struct why *);
/* Wipes them. */
void	 smime_keys_free(struct smime_keys *);
/* True if messages are signed or encrypted. */
bool	 smime_keys_any(const struct smime_keys *);

/* Appends in words which of them have few days left: certificates_note(). */
void	 smime_keys_note(const struct smime_keys *, struct buf *);

struct smime;				/* opaque: one message */

/* Where the entity is read; `read` as mime_read(). */
struct smime_source {
	int64_t	 (*read)(void *arg, char *out, size_t room, struct why *);
	void	 *arg;			/* borrowed */
	int64_t	 length;
};

/*
 * A message that was written at that time (wall ms) and has that word in its
 * boundaries.  NULL with *why, CONFIG_ERROR, if the signer's certificate is
 * not valid now.
 */
struct smime	*smime_new(const struct smime_keys *, const char *boundary,
		    int64_t at, struct why *);
void		 smime_free(struct smime **);

/*
 * One of its recipients; nothing is done where it is not encrypted.  0, or -1
 * with *why: VALIDATION_ERROR if there is no certificate of that address,
 * CONFIG_ERROR if none of these is valid now.
 */
int	 smime_recipient(struct smime *, const char *address, struct why *);

/* What stands before all else of the message: its headers. */
struct buf	*smime_headers(struct smime *);

/* Once all recipients and headers are there.  0, or -1 with *why. */
int	 smime_begin(struct smime *, const struct smime_source *,
	    struct why *);

/* It has no more bytes than that. */
int64_t	 smime_bound(const struct smime *);

/* The next bytes; 0 at the end; -1 with *why, the source's or our own. */
int64_t	 smime_read(struct smime *, char *out, size_t room, struct why *);

#endif
