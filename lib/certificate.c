/*
 * certificate - certificates to sign with and to encrypt to
 *
 * What OpenSSL 3.0's CMS can sign with and encrypt to is RSA and EC; the
 * others are refused here, before anything is made of them.
 */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/certificate.h"
#include "lib/clock.h"
#include "lib/xalloc.h"

#define DAY (24LL * 60 * 60 * 1000)	/* ms */

struct certificates {
	X509	**list;			/* own */
	size_t	 count;
};

/* --- lists ---------------------------------------------------------------- */

struct certificates *
certificates_new(void)
{
	return xcalloc(1, sizeof(struct certificates));
}

void
certificates_free(struct certificates **all)
{
	if (*all == NULL)
		return;
	for (size_t i = 0; i < (*all)->count; i++)
		X509_free((*all)->list[i]);
	free((*all)->list);
	free(*all);
	*all = NULL;
}

static void
append(struct certificates *all, X509 *certificate)
{
	all->list = xreallocarray(all->list, all->count + 1,
	    sizeof(X509 *));
	all->list[all->count++] = certificate;
}

void
certificates_add(struct certificates *all, const struct certificates *from,
    size_t i)
{
	for (size_t j = 0; j < all->count; j++)
		if (all->list[j] == from->list[i])
			return;
	if (X509_up_ref(from->list[i]) == 1)
		append(all, from->list[i]);
}

size_t
certificates_count(const struct certificates *all)
{
	return all->count;
}

X509 *
certificate_x509(const struct certificates *all, size_t i)
{
	return all->list[i];
}

/* --- reading -------------------------------------------------------------- */

/* True if there was at least one, and nothing in PEM that is none. */
static bool
append_pem(struct certificates *all, const char *text)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	size_t before = all->count;
	X509 *certificate;
	bool good = bio != NULL && strstr(text, "PRIVATE KEY-----") == NULL;

	while (good && (certificate = PEM_read_bio_X509(bio, NULL, NULL,
	    NULL)) != NULL)
		append(all, certificate);
	good = good && all->count > before &&
	    ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	BIO_free(bio);
	return good;
}

struct certificates *
certificates_parse(const char *text)
{
	struct certificates *all = certificates_new();

	if (!append_pem(all, text))
		certificates_free(&all);
	return all;
}

struct certificates *
certificates_read(const struct json *value)
{
	struct certificates *all = certificates_new();
	const struct json *each = json_first(value);
	bool good = each != NULL;

	if (!json_is(value, JSON_ARRAY))
		good = append_pem(all, json_string(value, ""));
	else
		for (; good && each != NULL; each = json_next(each))
			good = append_pem(all, json_string(each, ""));
	if (!good)
		certificates_free(&all);
	return all;
}

/* --- what one is for ------------------------------------------------------ */

/* Each use, of each kind of key; one bit of the key usage is enough. */
static const struct usage_row {
	uint32_t	 rsa, ec;	/* KU_… */
	bool		 mail;
	const char	*words;
} usages[CERTIFICATE_USES] = {
	[CERTIFICATE_mail_recipient] = { KU_KEY_ENCIPHERMENT,
	    KU_KEY_AGREEMENT, true, "is not for encrypting: its keyUsage has "
	    "no keyEncipherment, or of an EC key no keyAgreement" },
	[CERTIFICATE_mail_signer] = { KU_DIGITAL_SIGNATURE |
	    KU_NON_REPUDIATION, KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION,
	    true, "is not for signing: its keyUsage has no digitalSignature" },
	[CERTIFICATE_file_recipient] = { KU_KEY_ENCIPHERMENT,
	    KU_KEY_AGREEMENT, false, "is not for encrypting: its keyUsage has "
	    "no keyEncipherment, or of an EC key no keyAgreement" },
};

/* It names purposes, but neither mail nor any. */
static bool
excludes_mail(X509 *certificate)
{
	EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(certificate,
	    NID_ext_key_usage, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
		int purpose = OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, i));

		found = found || purpose == NID_email_protect ||
		    purpose == NID_anyExtendedKeyUsage;
	}
	if (usage == NULL)
		return false;
	EXTENDED_KEY_USAGE_free(usage);
	return !found;
}

const char *
certificate_unfit(const struct certificates *all, size_t i,
    enum certificate_use use)
{
	const struct usage_row *row = &usages[use];
	X509 *certificate = all->list[i];
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	bool rsa = key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;

	if (!rsa && (key == NULL ||
	    EVP_PKEY_get_base_id(key) != EVP_PKEY_EC))
		return "has a key that is neither RSA nor EC";
	if (rsa && EVP_PKEY_get_bits(key) < CERTIFICATE_RSA_MIN)
		return "has an RSA key of less than 2048 bits";
	/* All bits are set where there is no such extension. */
	if ((X509_get_key_usage(certificate) & (rsa ? row->rsa :
	    row->ec)) == 0)
		return row->words;
	if (row->mail && excludes_mail(certificate))
		return "is not for mail: its extendedKeyUsage has no "
		    "emailProtection";
	return NULL;
}

/* --- when ----------------------------------------------------------------- */

/* What is no time is one that has gone by. */
static int64_t
wall_of(const ASN1_TIME *time)
{
	struct tm tm;

	return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) * 1000 :
	    0;
}

int64_t
certificate_begin(const struct certificates *all, size_t i)
{
	return wall_of(X509_get0_notBefore(all->list[i]));
}

int64_t
certificate_end(const struct certificates *all, size_t i)
{
	return wall_of(X509_get0_notAfter(all->list[i]));
}

bool
certificate_is_valid(const struct certificates *all, size_t i, int64_t at)
{
	return certificate_begin(all, i) <= at &&
	    at < certificate_end(all, i);
}

void
certificates_note(const struct certificates *all, const char *field,
    struct buf *out)
{
	int64_t now = clock_wall(), days;
	size_t first = 0;

	for (size_t i = 1; i < all->count; i++)
		if (certificate_end(all, i) < certificate_end(all, first))
			first = i;
	days = (certificate_end(all, first) - now) / DAY;
	if (days >= CERTIFICATE_NOTE_DAYS)
		return;
	buf_printf(out, "%sa certificate of %s (number %zu) ", out->len > 0 ?
	    "; " : "", field, first + 1);
	if (certificate_end(all, first) <= now)
		buf_str(out, "has expired");
	else if (days < 1)
		buf_str(out, "expires within a day");
	else
		buf_printf(out, "expires in %lld day%s", (long long)days,
		    days == 1 ? "" : "s");
}

/* --- whose ---------------------------------------------------------------- */

bool
certificate_is_of(const struct certificates *all, size_t i,
    const char *address)
{
	bool found = X509_check_email(all->list[i], address, 0,
	    X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT) == 1;

	ERR_clear_error();
	return found;
}

/* Asks nobody for a passphrase. */
static int
no_passphrase(char *out, int size, int writing, void *arg)
{
	(void)writing;
	(void)arg;
	if (size > 0)
		out[0] = '\0';
	return 0;
}

EVP_PKEY *
private_key_parse(const char *text)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio,
	    NULL, no_passphrase, NULL);

	ERR_clear_error();
	BIO_free(bio);
	return key;
}

bool
certificates_have_key(const struct certificates *all, EVP_PKEY *key)
{
	bool good = X509_check_private_key(all->list[0], key) == 1;

	ERR_clear_error();
	return good;
}
