/*
 * cms - signatures and envelopes of what goes by (RFC 5652)
 *
 * OpenSSL's own streams: for a signature what is written to a chain of BIOs
 * goes nowhere but through a digest, for an envelope its bytes come out of the
 * chain's end in a BIO in memory, which is emptied after each piece.
 */
#include <openssl/cms.h>
#include <openssl/err.h>

#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "workers/common/cms.h"
#include "workers/common/settings.h"

#define SLACK 1024		/* bytes: algorithms, attributes, lengths */
#define PIECE_SLACK 16		/* around each piece of what is encrypted */
#define SEGMENT 4096		/* as OpenSSL cuts longer pieces */

struct cms_signer {
	struct certificates *certificates;	/* own */
	EVP_PKEY	*key;		/* own */
};

struct cms_signature {
	const struct cms_signer *signer;	/* borrowed */
	CMS_ContentInfo	*cms;		/* own */
	CMS_SignerInfo	*info;		/* of that */
	BIO		*chain;		/* own */
};

struct cms_envelope {
	CMS_ContentInfo	*cms;		/* own */
	BIO		*chain;		/* own; its last is `out` */
	BIO		*out;		/* own */
};

static const struct {
	const char	*name;
	const EVP_CIPHER *(*cipher)(void);
} ciphers[CMS_CIPHERS] = {
	[CMS_aes_256_cbc] = { "aes-256-cbc", EVP_aes_256_cbc },
	[CMS_aes_256_gcm] = { "aes-256-gcm", EVP_aes_256_gcm },
};

enum cms_cipher
cms_cipher_by_name(const char *name)
{
	for (int i = 0; i < CMS_CIPHERS; i++)
		if (name != NULL && strcmp(name, ciphers[i].name) == 0)
			return (enum cms_cipher)i;
	return CMS_aes_256_cbc;
}

/* What OpenSSL says of it; no part of a key is in that. */
static int
failed(struct why *why, const char *what)
{
	const char *words = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return why_set(why, ERROR_INTERNAL_ERROR, "%s: %s", what,
	    words != NULL ? words : "OpenSSL does not say why");
}

/* --- who signs ------------------------------------------------------------ */

void
cms_signer_free(struct cms_signer **signer)
{
	if (*signer == NULL)
		return;
	certificates_free(&(*signer)->certificates);
	EVP_PKEY_free((*signer)->key);
	free(*signer);
	*signer = NULL;
}

struct cms_signer *
cms_signer_new(const struct json *certificates, const char *key,
    struct why *why)
{
	struct cms_signer *signer = xcalloc(1, sizeof(*signer));

	signer->certificates = certificates_read(certificates);
	signer->key = key == NULL ? NULL : private_key_parse(key);
	if (signer->certificates != NULL && signer->key != NULL &&
	    certificates_have_key(signer->certificates, signer->key))
		return signer;
	(void)settings_wrong(why, "smime.signKey",
	    "is not the key of signCert");
	cms_signer_free(&signer);
	return NULL;
}

const struct certificates *
cms_signer_certificates(const struct cms_signer *signer)
{
	return signer->certificates;
}

/* A name and a number of the first one stand in it twice. */
int64_t
cms_sign_bound(const struct cms_signer *signer)
{
	int64_t bound = SLACK + EVP_PKEY_get_size(signer->key) +
	    i2d_X509(certificate_x509(signer->certificates, 0), NULL);

	for (size_t i = 0; i < certificates_count(signer->certificates); i++)
		bound += i2d_X509(certificate_x509(signer->certificates, i),
		    NULL);
	return bound;
}

/* --- signatures ----------------------------------------------------------- */

void
cms_sign_free(struct cms_signature **signature)
{
	if (*signature == NULL)
		return;
	BIO_free_all((*signature)->chain);
	CMS_ContentInfo_free((*signature)->cms);
	free(*signature);
	*signature = NULL;
}

/* Nobody who answers is told of ciphers: that is nobody's mailbox. */
static bool
sign_start(struct cms_signature *signature)
{
	const struct certificates *all = signature->signer->certificates;

	signature->cms = CMS_sign(NULL, NULL, NULL, NULL,
	    CMS_PARTIAL | CMS_DETACHED | CMS_STREAM | CMS_BINARY);
	if (signature->cms == NULL)
		return false;
	signature->info = CMS_add1_signer(signature->cms,
	    certificate_x509(all, 0), signature->signer->key, EVP_sha256(),
	    CMS_NOSMIMECAP);
	if (signature->info == NULL)
		return false;
	for (size_t i = 1; i < certificates_count(all); i++)
		if (CMS_add1_cert(signature->cms,
		    certificate_x509(all, i)) != 1)
			return false;
	signature->chain = CMS_dataInit(signature->cms, NULL);
	return signature->chain != NULL;
}

struct cms_signature *
cms_sign_begin(const struct cms_signer *signer, struct why *why)
{
	struct cms_signature *signature = xcalloc(1, sizeof(*signature));

	signature->signer = signer;
	if (sign_start(signature))
		return signature;
	(void)failed(why, "a signature cannot be begun");
	cms_sign_free(&signature);
	return NULL;
}

int
cms_sign_add(struct cms_signature *signature, const char *bytes,
    size_t length, struct why *why)
{
	size_t done = 0;

	return BIO_write_ex(signature->chain, bytes, length, &done) == 1 &&
	    done == length ? 0 : failed(why, "a signature cannot be made");
}

static bool
sign_finish(struct cms_signature *signature, int64_t at, BIO *out)
{
	int64_t begin = certificate_begin(signature->signer->certificates, 0);
	ASN1_TIME *time = ASN1_TIME_adj(NULL, (at > begin ? at : begin) / 1000,
	    0, 0);
	bool good = time != NULL && CMS_signed_add1_attr_by_NID(
	    signature->info, NID_pkcs9_signingTime, time->type, time,
	    -1) == 1 &&
	    CMS_dataFinal(signature->cms, signature->chain) == 1 &&
	    i2d_CMS_bio(out, signature->cms) == 1;

	ASN1_TIME_free(time);
	return good;
}

/* Moves all that a BIO in memory has. */
static void
take(BIO *from, struct buf *to)
{
	const char *bytes;
	long length = BIO_get_mem_data(from, &bytes);

	if (length > 0)
		buf_add(to, bytes, (size_t)length);
	(void)BIO_reset(from);
}

int
cms_sign_end(struct cms_signature *signature, int64_t at, struct buf *out,
    struct why *why)
{
	BIO *memory = BIO_new(BIO_s_mem());
	int result = 0;

	if (memory != NULL && sign_finish(signature, at, memory))
		take(memory, out);
	else
		result = failed(why, "a signature cannot be made");
	BIO_free(memory);
	return result;
}

/* --- envelopes ------------------------------------------------------------ */

void
cms_seal_free(struct cms_envelope **envelope)
{
	if (*envelope == NULL)
		return;
	if ((*envelope)->chain != NULL)
		BIO_free_all((*envelope)->chain);
	else
		BIO_free((*envelope)->out);
	CMS_ContentInfo_free((*envelope)->cms);
	free(*envelope);
	*envelope = NULL;
}

/*
 * RFC 8551 wants SHA-256 to derive what wraps the key for an EC recipient;
 * OpenSSL's own choice is SHA-1.
 */
static bool
seal_for(CMS_ContentInfo *cms, X509 *certificate)
{
	CMS_RecipientInfo *info = CMS_add1_recipient_cert(cms, certificate,
	    CMS_KEY_PARAM);
	EVP_PKEY_CTX *context = info == NULL ? NULL :
	    CMS_RecipientInfo_get0_pkey_ctx(info);

	return info != NULL && (CMS_RecipientInfo_type(info) !=
	    CMS_RECIPINFO_AGREE || (context != NULL &&
	    EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) == 1));
}

static bool
seal_start(struct cms_envelope *envelope, const struct certificates *all,
    enum cms_cipher cipher)
{
	envelope->cms = CMS_encrypt(NULL, NULL, ciphers[cipher].cipher(),
	    CMS_PARTIAL | CMS_STREAM | CMS_BINARY);
	envelope->out = BIO_new(BIO_s_mem());
	if (envelope->cms == NULL || envelope->out == NULL)
		return false;
	for (size_t i = 0; i < certificates_count(all); i++)
		if (!seal_for(envelope->cms, certificate_x509(all, i)))
			return false;
	return certificates_count(all) > 0;
}

struct cms_envelope *
cms_seal_begin(const struct certificates *all, enum cms_cipher cipher,
    struct why *why)
{
	struct cms_envelope *envelope = xcalloc(1, sizeof(*envelope));

	if (seal_start(envelope, all, cipher))
		return envelope;
	(void)failed(why, "nothing can be encrypted to these certificates");
	cms_seal_free(&envelope);
	return NULL;
}

int
cms_seal_add(struct cms_envelope *envelope, const char *bytes, size_t length,
    struct buf *out, struct why *why)
{
	size_t done = 0;

	if (length == 0)
		return 0;
	if (envelope->chain == NULL)
		envelope->chain = BIO_new_CMS(envelope->out, envelope->cms);
	if (envelope->chain == NULL || BIO_write_ex(envelope->chain, bytes,
	    length, &done) != 1 || done != length)
		return failed(why, "it cannot be encrypted");
	take(envelope->out, out);
	return 0;
}

/* Nothing was added: its stream knows no end of that, but it can do without. */
static bool
seal_nothing(struct cms_envelope *envelope)
{
	BIO *chain = CMS_dataInit(envelope->cms, NULL);
	bool good = chain != NULL && BIO_flush(chain) == 1 &&
	    CMS_dataFinal(envelope->cms, chain) == 1 &&
	    i2d_CMS_bio(envelope->out, envelope->cms) == 1;

	BIO_free_all(chain);
	return good;
}

int
cms_seal_end(struct cms_envelope *envelope, struct buf *out, struct why *why)
{
	bool good = envelope->chain != NULL ?
	    BIO_flush(envelope->chain) == 1 : seal_nothing(envelope);

	if (!good)
		return failed(why, "it cannot be encrypted");
	take(envelope->out, out);
	return 0;
}

int64_t
cms_seal_bound(const struct certificates *all, int64_t bytes, int64_t pieces)
{
	int64_t bound = SLACK + bytes + PIECE_SLACK * (pieces +
	    bytes / SEGMENT + 1);

	for (size_t i = 0; i < certificates_count(all); i++) {
		X509 *certificate = certificate_x509(all, i);

		bound += SLACK + i2d_X509(certificate, NULL) +
		    EVP_PKEY_get_size(X509_get0_pubkey(certificate));
	}
	return bound;
}
