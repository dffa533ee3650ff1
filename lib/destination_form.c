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

#include "lib/destination_form.h"
#include "lib/path_template.h"
#include "lib/signing.h"
#include "lib/url.h"
#include "lib/utf8.h"

#define STRING_MAX 256		/* characters */
#define TEXT_MAX 4096
#define USERS_MAX 1000
#define USER_MAX 32
#define SECRET_MIN 24		/* bytes behind whsec_: Standard Webhooks */
#define SECRET_MAX 64
#define RAW_SECRET_MIN 16
#define RAW_SECRET_MAX 256

long
form_count(const char *text, const char *but)
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

bool
form_is_text(const struct json *value, const char *but, long min, long max)
{
	const char *text = json_string(value, NULL);
	long count = text != NULL ? form_count(text, but) : -1;

	return count >= min && count <= max;
}

/* --- plain forms --------------------------------------------------------- */

static void
check_string(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	(void)form;
	if (!form_is_text(value, "", 1, STRING_MAX))
		complain(all, path, "must be a string of 1 to %d characters "
		    "without control characters", STRING_MAX);
}

static void
check_text(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	(void)form;
	if (!form_is_text(value, "\n\t", 0, TEXT_MAX))
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
		good = form_is_text(user, "", 1, USER_MAX);
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

static void
check_path(const struct json *value, const char *form, const char *path,
    struct complaints *all)
{
	const char *text = json_string(value, NULL);
	const char *wrong = text == NULL ? "must be a string" :
	    path_template_check(text);

	(void)form;
	if (wrong != NULL)
		complain(all, path, "%s", wrong);
}

static void
check_raw_secret(const char *secret, const char *path, struct complaints *all)
{
	if (strlen(secret) < RAW_SECRET_MIN ||
	    strlen(secret) > RAW_SECRET_MAX ||
	    form_count(secret, "") == -1)
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
	{ "path", check_path },
	{ "pem", form_check_pem },
	{ "certificates", form_check_certificates },
	{ "key", form_check_key },
	{ "pins", form_check_pins },
	{ "headers", form_check_headers },
	{ "header", form_check_header },
	{ "credential", form_check_credential },
	{ "statuses", form_check_statuses },
	{ "secret", check_secret },
	{ "address", form_check_address },
	{ "addresses", form_check_addresses },
	{ "host", form_check_host },
	{ "template", form_check_template },
	{ "line", form_check_line },
	{ "directory", form_check_directory },
	{ "mode", form_check_mode },
	{ "bucket", form_check_bucket },
	{ "region", form_check_region },
	{ "class", form_check_class },
	{ "lock", form_check_lock },
	{ "account", form_check_account },
	{ "storagekey", form_check_storagekey },
	{ "sas", form_check_sas },
	{ "container", form_check_container },
	{ "serviceaccount", form_check_serviceaccount },
	{ "hostkey", form_check_hostkey },
	{ "sshkey", form_check_sshkey },
	{ "request", form_check_request },
	{ "base", form_check_base },
	{ "networks", form_check_networks },
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
