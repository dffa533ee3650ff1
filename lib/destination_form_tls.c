/*
 * destination_form_tls - certificates, keys, and hashes of keys
 */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "lib/base64.h"
#include "lib/destination_form.h"

#define PINS_MAX 10
#define PIN_PREFIX "sha256//"
#define PIN_LENGTH 32		/* bytes of a hash */

/* How many certificates there are; -1 if something else is there too. */
static int
count_certificates(const char *text)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	X509 *certificate;
	int count = 0;

	if (bio == NULL || strstr(text, "PRIVATE KEY-----") != NULL)
		count = -1;
	while (count >= 0 && (certificate = PEM_read_bio_X509(bio, NULL, NULL,
	    NULL)) != NULL) {
		X509_free(certificate);
		count++;
	}
	if (count >= 0 && ERR_GET_REASON(ERR_peek_last_error()) !=
	    PEM_R_NO_START_LINE)
		count = -1;
	ERR_clear_error();
	BIO_free(bio);
	return count;
}

void
form_check_pem(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const char *text = json_string(value, "");

	(void)form;
	if (count_certificates(text) < 1)
		complain(all, path, "must be certificates in PEM, their "
		    "content and not a path");
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
destination_private_key(const char *text)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio,
	    NULL, no_passphrase, NULL);

	ERR_clear_error();
	BIO_free(bio);
	return key;
}

void
form_check_key(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	EVP_PKEY *key = destination_private_key(json_string(value, ""));

	(void)form;
	if (key == NULL)
		complain(all, path, "must be a private key in PEM, not "
		    "encrypted, its content and not a path");
	EVP_PKEY_free(key);
}

static bool
is_pin(const char *text, size_t length)
{
	const size_t skip = strlen(PIN_PREFIX);
	struct buf hash = { 0 };
	bool good = length > skip && strncmp(text, PIN_PREFIX, skip) == 0 &&
	    base64_decode(&hash, text + skip, length - skip,
	    BASE64_STANDARD) == 0 && hash.len == PIN_LENGTH;

	buf_free(&hash);
	return good;
}

void
form_check_pins(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const char *pin = json_string(value, "");
	bool good = true, more = true;
	size_t count = 0;

	(void)form;
	while (good && more) {
		size_t length = strcspn(pin, ";");

		good = is_pin(pin, length) && ++count <= PINS_MAX;
		more = pin[length] == ';';
		pin += length + 1;
	}
	if (!good)
		complain(all, path, "must be up to %d of \"" PIN_PREFIX "\" "
		    "and base64 of the SHA-256 of a public key, separated by "
		    "\";\"", PINS_MAX);
}
