/*
 * certificate - certificates to sign with and to encrypt to
 *
 * Several X.509 certificates in the order in which somebody gave them, what
 * each of them may be used for, whose it is, and when.  Nobody's signature of
 * them is looked at: whoever may write a destination vouches for those in it.
 *
 * RFC 8550 says which extensions make a certificate one for mail, RFC 5280
 * what they mean where they are missing: no restriction.
 */
#ifndef LIB_CERTIFICATE_H
#define LIB_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/json.h"

#define CERTIFICATE_RSA_MIN 2048	/* bits */

struct certificates;			/* opaque */
struct x509_st;
struct evp_pkey_st;

/* What one is used for. */
enum certificate_use {
	CERTIFICATE_mail_recipient,
	CERTIFICATE_mail_signer,
	CERTIFICATE_file_recipient,
	CERTIFICATE_USES
};

/*
 * Those of a text in PEM, or of an array of such texts.  NULL if there is
 * none, or anything else but what may stand between two of them.
 */
struct certificates	*certificates_parse(const char *text);
struct certificates	*certificates_read(const struct json *);
/* None yet; certificates_add() has one of another list in this one, too. */
struct certificates	*certificates_new(void);
void			 certificates_add(struct certificates *,
			    const struct certificates *from, size_t);
void			 certificates_free(struct certificates **);

size_t			 certificates_count(const struct certificates *);
/* Borrowed. */
struct x509_st		*certificate_x509(const struct certificates *, size_t);

/*
 * Why it cannot be used for that, whenever it is tried: words that go on after
 * "a certificate that".  NULL: it can.
 */
const char	*certificate_unfit(const struct certificates *, size_t,
		    enum certificate_use);

/* When it begins and ends, in wall ms. */
int64_t		 certificate_begin(const struct certificates *, size_t);
int64_t		 certificate_end(const struct certificates *, size_t);
/* True if it is valid at that time. */
bool		 certificate_is_valid(const struct certificates *, size_t,
		    int64_t at);

/*
 * Appends words, after `; ` if there are others, if the first of them to end
 * has, or has fewer than CERTIFICATE_NOTE_DAYS left.
 */
#define CERTIFICATE_NOTE_DAYS 30
void		 certificates_note(const struct certificates *,
		    const char *field, struct buf *);

/*
 * True if it is that address's, by its subjectAltName or its subject: the user
 * as it is written, the host in any case.
 */
bool		 certificate_is_of(const struct certificates *, size_t,
		    const char *address);

/* A private key in PEM, for EVP_PKEY_free(); NULL if it is none. */
struct evp_pkey_st	*private_key_parse(const char *text);

/* True if the first of them is the key's. */
bool		 certificates_have_key(const struct certificates *,
		    struct evp_pkey_st *);

#endif
