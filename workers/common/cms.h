/*
 * cms - signatures and envelopes of what goes by (RFC 5652)
 *
 * Neither is ever in memory as a whole: whoever has the bytes gives them piece
 * by piece, and gets what comes of them, in BER, as it comes.  The digest of
 * what is signed is SHA-256; what is encrypted gets a key of its own each time,
 * so that no two envelopes are alike.
 */
#ifndef WORKERS_CMS_H
#define WORKERS_CMS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/certificate.h"
#include "lib/json.h"
#include "lib/why.h"

enum cms_cipher {
	CMS_aes_256_cbc,	/* EnvelopedData, RFC 5652 */
	CMS_aes_256_gcm,	/* AuthEnvelopedData, RFC 5083 */
	CMS_CIPHERS
};
/* By its name in a destination; the first one without. */
enum cms_cipher	 cms_cipher_by_name(const char *);

/* --- signatures ----------------------------------------------------------- */

struct cms_signer;			/* opaque: certificates and a key */
struct cms_signature;			/* opaque: one that is being made */

/*
 * The first certificate is the key's, the others go along.  NULL with *why,
 * CONFIG_ERROR, if the two do not fit.
 */
struct cms_signer	*cms_signer_new(const struct json *certificates,
			    const char *key, struct why *);
/* Wipes it. */
void			 cms_signer_free(struct cms_signer **);
const struct certificates	*cms_signer_certificates(
				    const struct cms_signer *);

/* NULL, or -1, with *why: INTERNAL_ERROR. */
struct cms_signature	*cms_sign_begin(const struct cms_signer *,
			    struct why *);
int	 cms_sign_add(struct cms_signature *, const char *, size_t,
	    struct why *);
/*
 * Appends the signature, apart from what it signs.  It says that it was made
 * at that time (wall ms), or when the certificate began if that is later.
 */
int	 cms_sign_end(struct cms_signature *, int64_t at, struct buf *,
	    struct why *);
void	 cms_sign_free(struct cms_signature **);

/* It has no more bytes than that. */
int64_t	 cms_sign_bound(const struct cms_signer *);

/* --- envelopes ------------------------------------------------------------ */

struct cms_envelope;			/* opaque: one that is being made */

/* For each of the certificates.  NULL, or -1, with *why: INTERNAL_ERROR. */
struct cms_envelope	*cms_seal_begin(const struct certificates *,
			    enum cms_cipher, struct why *);
/* Appends what comes of these bytes. */
int	 cms_seal_add(struct cms_envelope *, const char *, size_t,
	    struct buf *, struct why *);
int	 cms_seal_end(struct cms_envelope *, struct buf *, struct why *);
void	 cms_seal_free(struct cms_envelope **);

/* Of so many bytes in so many pieces it has no more bytes than that. */
int64_t	 cms_seal_bound(const struct certificates *, int64_t bytes,
	    int64_t pieces);

#endif
