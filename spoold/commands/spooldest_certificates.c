/*
 * spooldest_certificates - what certificates and retention do not do
 *
 * What cannot work at all is refused by spoold.  This can, for somebody or for
 * a while, and is worth a word while the destination is being written.
 */
#include <stdio.h>
#include <string.h>

#include "lib/certificate.h"
#include "lib/destination_field.h"
#include "lib/mail_address.h"

#include "spoold/commands/spooldest.h"

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
warn_missing(const struct json *email, const char *field)
{
	struct certificates *all = certificates_read(destination_value(email,
	    "smime.recipientCerts"));
	const struct json *each = json_first(json_get(email, field));

	for (; all != NULL && each != NULL; each = json_next(each))
		if (!has_one_of(all, json_string(each, "")))
			(void)fprintf(stderr, "spooldest: warning: "
			    "config.email.smime.recipientCerts: has no "
			    "certificate of %s, without which every mail "
			    "fails\n", json_string(each, ""));
	certificates_free(&all);
}

/* Mail programs compare the two. */
static void
warn_sender(const struct json *email)
{
	struct certificates *all = certificates_read(destination_value(email,
	    "smime.signCert"));
	const char *from = json_string(json_get(email, "from"), "");

	if (all != NULL && !has_one_of(all, from))
		(void)fprintf(stderr, "spooldest: warning: "
		    "config.email.smime.signCert: is not that of %s, so that "
		    "mail programs doubt the signature\n", from);
	certificates_free(&all);
}

static void
warn_end(const struct json *config, const char *type, const char *field)
{
	struct certificates *all = certificates_read(destination_value(config,
	    field));
	struct buf note = { .max = 0 };

	if (all != NULL)
		certificates_note(all, field, &note);
	if (note.len > 0)
		(void)fprintf(stderr, "spooldest: warning: config.%s.%s: %s\n",
		    type, field, note.data);
	buf_free(&note);
	certificates_free(&all);
}

void
retention_warn(const struct json *document)
{
	const struct json *storage = json_get(json_get(document, "config"),
	    "storage");

	if (destination_value(storage, "retention.days") != NULL &&
	    !json_boolean(destination_value(storage, "retention.autoCleanup"),
	    false))
		(void)fprintf(stderr, "spooldest: warning: "
		    "config.storage.retention.days: nothing is erased without "
		    "autoCleanup\n");
}

void
certificates_warn(const struct json *document)
{
	const struct json *config = json_get(document, "config");
	const struct json *email = json_get(config, "email");

	warn_missing(email, "recipients");
	warn_missing(email, "cc");
	warn_sender(email);
	warn_end(email, "email", "smime.recipientCerts");
	warn_end(email, "email", "smime.signCert");
	warn_end(json_get(config, "sftp"), "sftp", "encrypt");
}
