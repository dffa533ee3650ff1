/*
 * destination_form_tls - certificates, keys, and hashes of keys
 */
#include <string.h>

#include <openssl/evp.h>

#include "lib/base64.h"
#include "lib/certificate.h"
#include "lib/destination_form.h"

#define PINS_MAX 10
#define PIN_PREFIX "sha256//"
#define PIN_LENGTH 32		/* bytes of a hash */

void
form_check_pem(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	struct certificates *certificates =
	    certificates_parse(json_string(value, ""));

	(void)form;
	if (certificates == NULL)
		complain(all, path, "must be certificates in PEM, their "
		    "content and not a path");
	certificates_free(&certificates);
}

void
form_check_certificates(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	struct certificates *certificates = certificates_read(value);

	(void)form;
	if (certificates == NULL)
		complain(all, path, "must be certificates in PEM, or an array "
		    "of such, their content and not a path");
	certificates_free(&certificates);
}

void
form_check_key(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	EVP_PKEY *key = private_key_parse(json_string(value, ""));

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
