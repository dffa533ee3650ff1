/*
 * destination_form - the forms that a destination's fields may have
 *
 * A form's first word names its check, what follows are the check's numbers;
 * a form with `|` in it is a choice.  No complaint repeats a value: it may be
 * a password that stands in the wrong field.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "lib/base64.h"
#include "lib/destination_field.h"
#include "lib/signing.h"
#include "lib/url.h"
#include "lib/utf8.h"

#define STRING_MAX 256		/* characters */
#define TEXT_MAX 4096
#define HEADERS_MAX 64
#define HEADER_NAME_MAX 128	/* bytes */
#define HEADER_VALUE_MAX 8192
#define USERS_MAX 1000
#define USER_MAX 32
#define SECRET_MIN 24		/* bytes behind whsec_: Standard Webhooks */
#define SECRET_MAX 64
#define PINS_MAX 10
#define PIN_PREFIX "sha256//"
#define PIN_LENGTH 32		/* bytes of a hash */
#define RAW_SECRET_MIN 16
#define RAW_SECRET_MAX 256
#define MASK "********"

typedef void	 form_check(const struct json *, const char *form,
		    const char *path, struct complaints *);

/* The characters of a text; -1 if it has a control that is not in `but`. */
static long
count_characters(const char *text, const char *but)
{
	size_t length = strlen(text);
	uint32_t code;
	long count = 0;
	int bytes;

	for (size_t i = 0; i < length; i += (size_t)bytes, count++) {
		bytes = utf8_next(text + i, length - i, &code);
		if (bytes <= 0 || (utf8_is_control(code) &&
		    (bytes > 1 || strchr(but, text[i]) == NULL)))
			return -1;
	}
	return count;
}

static bool
is_text(const struct json *value, const char *but, long min, long max)
{
	const char *text = json_string(value, NULL);
	long count = text != NULL ? count_characters(text, but) : -1;

	return count >= min && count <= max;
}

/* --- plain forms --------------------------------------------------------- */

static void
check_string(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	(void)form;
	if (!is_text(value, "", 1, STRING_MAX))
		complain(all, path, "must be a string of 1 to %d characters "
		    "without control characters", STRING_MAX);
}

static void
check_text(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	(void)form;
	if (!is_text(value, "\n\t", 0, TEXT_MAX))
		complain(all, path, "must be a string of up to %d characters, "
		    "without control characters but newline and tab",
		    TEXT_MAX);
}

static void
check_boolean(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	(void)form;
	if (!json_is(value, JSON_BOOLEAN))
		complain(all, path, "must be true or false");
}

/* A form with bounds is `KIND MIN MAX`. */
static void
check_integer(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	char *rest;
	int64_t min = strtoll(form + strcspn(form, " "), &rest, 10);
	int64_t max = strtoll(rest, NULL, 10);

	if (!json_is_integer(value, min, max))
		complain(all, path, "must be a whole number from %" PRId64
		    " to %" PRId64 "%s", min, max,
		    strncmp(form, "duration", strlen("duration")) == 0 ?
		    " (milliseconds)" : "");
}

static void
check_number(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	char *rest;
	double min = strtod(form + strcspn(form, " "), &rest);
	double max = strtod(rest, NULL), number = json_number(value, -1);

	if (!json_is(value, JSON_NUMBER) || number < min || number > max)
		complain(all, path, "must be a number from %g to %g", min,
		    max);
}

static void
check_choice(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const char *text = json_string(value, "");
	struct buf words = { 0 };
	const char *word = form;
	bool found = false;

	while (*word != '\0') {
		size_t length = strcspn(word, "|");
		bool last = word[length] == '\0';

		if (strlen(text) == length &&
		    strncmp(text, word, length) == 0)
			found = true;
		buf_printf(&words, "%s\"%.*s\"", words.len == 0 ? "" :
		    last ? " or " : ", ", (int)length, word);
		word += length + (last ? 0 : 1);
	}
	if (!found)
		complain(all, path, "must be %s", words.data);
	buf_free(&words);
}

static void
check_type(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	struct buf choice = { 0 };

	(void)form;
	for (int i = 0; i < TRANSPORTS; i++)
		buf_printf(&choice, "%s%s", i > 0 ? "|" : "",
		    transport_name((enum transport)i));
	check_choice(value, choice.data, path, all);
	buf_free(&choice);
}

static void
check_id(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const char *id = json_string(value, "");

	(void)form;
	if (!destination_id_valid(id))
		complain(all, path, "must be 1 to 63 of a-z, 0-9 and \"-\", "
		    "not beginning with \"-\"");
	else if (strcmp(id, "default") == 0)
		complain(all, path, "must not be \"default\", which stands "
		    "for the default destinations");
}

/* Its one member is looked into once the type is known. */
static void
check_config(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	(void)form;
	if (!json_is(value, JSON_OBJECT))
		complain(all, path, "must be an object with one member, "
		    "named as the type");
}

static void
check_users(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const struct json *user = json_first(value);
	bool good = json_is(value, JSON_ARRAY) &&
	    json_count(value) <= USERS_MAX;

	(void)form;
	for (; good && user != NULL; user = json_next(user))
		good = is_text(user, "", 1, USER_MAX);
	if (!good)
		complain(all, path, "must be an array of up to %d user names",
		    USERS_MAX);
}

/* --- what goes over the network ------------------------------------------ */

static void
check_url(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const char *text = json_string(value, NULL);
	const char *words;
	struct url url;

	(void)form;
	words = text != NULL ? url_parse(text, &url) : "must be a string";
	if (words != NULL)
		complain(all, path, "%s", words);
}

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

static void
check_pem(const struct json *value, const char *form, const char *path,
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

static void
check_key(const struct json *value, const char *form, const char *path,
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

static void
check_pins(const struct json *value, const char *form, const char *path,
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

/* Headers that spoold's own framing and signature need to itself. */
static bool
header_reserved(const char *name)
{
	static const char *const reserved[] = { "Host", "Content-Length",
	    "Transfer-Encoding", "Connection" };

	if (strncasecmp(name, "webhook-", strlen("webhook-")) == 0)
		return true;
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (strcasecmp(name, reserved[i]) == 0)
			return true;
	return false;
}

bool
header_harmless(const char *name)
{
	static const char *const harmless[] = { "Accept", "Accept-Language",
	    "Cache-Control", "Content-Language", "Content-Type",
	    "User-Agent", "X-Request-Source" };

	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (strcasecmp(name, harmless[i]) == 0)
			return true;
	return false;
}

static bool
header_name_valid(const char *name)
{
	size_t length = strlen(name);

	return length >= 1 && length <= HEADER_NAME_MAX &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789!#$%&'*+-.^_`|~") == length;
}

/* True if one before it is the same but for case. */
static bool
header_repeats(const struct json *headers, const struct json *header)
{
	const struct json *other = json_first(headers);

	while (other != header &&
	    strcasecmp(json_name(other), json_name(header)) != 0)
		other = json_next(other);
	return other != header;
}

static void
check_header(const struct json *headers, const struct json *header,
    const char *path, struct complaints *all)
{
	const char *name = json_name(header);
	const char *value = json_string(header, NULL);

	if (!header_name_valid(name))
		complain(all, path, "must be a header's name: up to %d "
		    "letters, digits and \"-\"", HEADER_NAME_MAX);
	else if (header_reserved(name))
		complain(all, path, "may not be set, it is spoold's own");
	else if (header_repeats(headers, header))
		complain(all, path, "is there twice");
	if (value == NULL || *value == '\0' ||
	    strlen(value) > HEADER_VALUE_MAX ||
	    count_characters(value, "\t") == -1)
		complain(all, path, "must be a string of 1 to %d bytes "
		    "without CR, LF and other control characters",
		    HEADER_VALUE_MAX);
	else if (strcmp(value, MASK) == 0)
		complain(all, path, "must be the value itself, not what "
		    "stands for it in a listing");
}

static void
check_headers(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const struct json *header = json_first(value);
	char at[FIELD_PATH_MAX];

	(void)form;
	if (!json_is(value, JSON_OBJECT) || json_count(value) > HEADERS_MAX) {
		complain(all, path, "must be an object of up to %d headers",
		    HEADERS_MAX);
		return;
	}
	for (; header != NULL; header = json_next(header)) {
		(void)snprintf(at, sizeof(at), "%s.%s", path,
		    json_name(header));
		check_header(value, header, at, all);
	}
}

static void
check_raw_secret(const char *secret, const char *path, struct complaints *all)
{
	if (strlen(secret) < RAW_SECRET_MIN ||
	    strlen(secret) > RAW_SECRET_MAX ||
	    count_characters(secret, "") == -1)
		complain(all, path, "must be \"whsec_\" or \"whsk_\" and "
		    "base64, or for the signature x-webhook a string of %d "
		    "to %d bytes", RAW_SECRET_MIN, RAW_SECRET_MAX);
}

static void
check_secret(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const char *secret = json_string(value, "");
	enum signing kind = signing_kind(secret);
	struct buf key = { 0 };
	bool good;

	(void)form;
	if (kind == SIGNING_raw) {
		check_raw_secret(secret, path, all);
		return;
	}
	good = signing_key(secret, &key) == 0;
	if (kind == SIGNING_ed25519 && !good)
		complain(all, path, "must have base64 of an ed25519 key "
		    "behind \"whsk_\": its seed of %d bytes, or seed and "
		    "public key", SIGNING_SEED_LENGTH);
	if (kind == SIGNING_hmac && (!good || key.len < SECRET_MIN ||
	    key.len > SECRET_MAX))
		complain(all, path, "must have base64 of %d to %d bytes "
		    "behind \"whsec_\"", SECRET_MIN, SECRET_MAX);
	buf_wipe(&key);
}

static const struct {
	const char	*form;
	form_check	*check;
} forms[] = {
	{ "string", check_string },
	{ "text", check_text },
	{ "boolean", check_boolean },
	{ "integer", check_integer },
	{ "duration", check_integer },
	{ "number", check_number },
	{ "type", check_type },
	{ "id", check_id },
	{ "config", check_config },
	{ "users", check_users },
	{ "url", check_url },
	{ "pem", check_pem },
	{ "key", check_key },
	{ "pins", check_pins },
	{ "headers", check_headers },
	{ "secret", check_secret },
};
#define FORMS (sizeof(forms) / sizeof(*forms))

void
destination_check_form(const struct json *value, const char *form,
    const char *path, struct complaints *all)
{
	size_t length = strcspn(form, " ");
	size_t i = 0;

	while (i < FORMS && (strlen(forms[i].form) != length ||
	    strncmp(form, forms[i].form, length) != 0))
		i++;
	if (i < FORMS)
		forms[i].check(value, form, path, all);
	else
		check_choice(value, form, path, all);
}
