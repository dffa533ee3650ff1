/*
 * destination_warn - what may be wrong about a destination, and may be meant
 *
 * What cannot work at all is refused.  This can, for somebody or for a while,
 * and is worth a word while the destination is being written.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/certificate.h"
#include "lib/clock.h"
#include "lib/destination_ends.h"
#include "lib/destination_field.h"
#include "lib/destination_form.h"
#include "lib/destination_warn.h"
#include "lib/hostkey.h"
#include "lib/mail_address.h"
#include "lib/signing.h"
#include "lib/url.h"

#define SECRET_GOOD 24		/* bytes: the least of Standard Webhooks */

void
warn_field(struct warnings *warnings, const char *field, const char *format,
    ...)
{
	struct buf words = { 0 };
	char path[FIELD_PATH_MAX];
	va_list args;

	(void)snprintf(path, sizeof(path), "config.%s.%s",
	    transport_name(warnings->transport), field);
	va_start(args, format);
	buf_vprintf(&words, format, args);
	va_end(args);
	json_open(warnings->out, NULL, '{');
	json_put_string(warnings->out, "path", path);
	json_put_string(warnings->out, "message", words.data);
	json_close(warnings->out, '}');
	buf_free(&words);
}

/* --- in clear ------------------------------------------------------------- */

static void
warn_plain(struct warnings *warnings)
{
	const struct destination_field *field;
	struct url url;
	size_t at = 0;

	while ((field = destination_field_next(warnings->transport,
	    &at)) != NULL) {
		const char *text = strcmp(field->form, "url") != 0 ? NULL :
		    json_string(destination_value(warnings->config,
		    field->path), NULL);

		/* A proxy is only told where to; what goes on is TLS. */
		if (text == NULL || strcmp(field->path, "proxy") == 0 ||
		    url_parse(text, &url) != NULL || url.tls ||
		    form_is_here(url.host))
			continue;
		warn_field(warnings, field->path, "is plain http: whoever is "
		    "on the way can read and change what is sent");
	}
}

static void
warn_secret(struct warnings *warnings)
{
	const char *secret = json_string(json_get(warnings->config, "secret"),
	    NULL);

	/* The others have a length that is checked. */
	if (secret != NULL && signing_kind(secret) == SIGNING_raw &&
	    strlen(secret) < SECRET_GOOD)
		warn_field(warnings, "secret", "is shorter than %d bytes, and "
		    "so easier to guess than a signature should be",
		    SECRET_GOOD);
}

/* --- mail ----------------------------------------------------------------- */

static bool
has_one_of(const struct certificates *all, const char *text)
{
	struct mail_address address;
	bool found = false;

	if (mail_address_parse(text, &address) != NULL)
		return false;
	for (size_t i = 0; i < certificates_count(all); i++)
		found = found || certificate_is_of(all, i, address.address);
	mail_address_free(&address);
	return found;
}

/* Tickets for them fail, for nothing is sent in clear. */
static void
warn_missing(struct warnings *warnings, const char *field)
{
	struct certificates *all = certificates_read(destination_value(
	    warnings->config, "smime.recipientCerts"));
	const struct json *each = json_first(json_get(warnings->config,
	    field));

	for (; all != NULL && each != NULL; each = json_next(each))
		if (!has_one_of(all, json_string(each, "")))
			warn_field(warnings, "smime.recipientCerts",
			    "has no certificate of %s, without which every "
			    "mail fails", json_string(each, ""));
	certificates_free(&all);
}

/* Mail programs compare the two. */
static void
warn_sender(struct warnings *warnings)
{
	struct certificates *all = certificates_read(destination_value(
	    warnings->config, "smime.signCert"));
	const char *from = json_string(json_get(warnings->config, "from"), "");

	if (all != NULL && !has_one_of(all, from))
		warn_field(warnings, "smime.signCert", "is not that of %s, so "
		    "that mail programs doubt the signature", from);
	certificates_free(&all);
}

/* --- what is pinned ------------------------------------------------------- */

static void
warn_hostkey(struct warnings *warnings)
{
	const struct json *value = destination_value(warnings->config,
	    "hostKey");
	struct buf words = { 0 };
	struct hostkey key;

	if (value != NULL && hostkey_parse(json_string(value, ""), &key) ==
	    NULL && hostkey_weak(&key, &words))
		warn_field(warnings, "hostKey", "%s", words.data);
	buf_free(&words);
}

/* --- what ends ------------------------------------------------------------ */

static void
warn_ending(void *arg, const struct ending *ending)
{
	struct buf words = { 0 };

	if (ending_soon(ending, clock_wall(), ENDS_SOON, &words))
		warn_field(arg, ending->field, "%s", words.data);
	buf_free(&words);
}

/* --- the whole ------------------------------------------------------------ */

static void
warn_retention(struct warnings *warnings)
{
	if (destination_value(warnings->config, "retention.days") != NULL &&
	    !json_boolean(destination_value(warnings->config,
	    "retention.autoCleanup"), false))
		warn_field(warnings, "retention.days",
		    "nothing is erased without autoCleanup");
}

void
destination_warn(const struct json *config, enum transport transport,
    struct buf *out)
{
	struct warnings warnings = { config, transport, out };

	destination_warn_templates(&warnings);
	warn_plain(&warnings);
	if (transport == TRANSPORT_webhook)
		warn_secret(&warnings);
	if (transport == TRANSPORT_email) {
		warn_missing(&warnings, "recipients");
		warn_missing(&warnings, "cc");
		warn_sender(&warnings);
	}
	destination_ends(config, transport, warn_ending, &warnings);
	if (transport == TRANSPORT_sftp)
		warn_hostkey(&warnings);
	if (transport == TRANSPORT_storage)
		warn_retention(&warnings);
}
