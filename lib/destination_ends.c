/*
 * destination_ends - what of a destination ends by itself, and when
 *
 * A token is somebody else's, so what is in it is a hint: one that cannot be
 * read ends when it ends.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base64.h"
#include "lib/certificate.h"
#include "lib/clock.h"
#include "lib/destination_ends.h"
#include "lib/destination_field.h"

#define DAY INT64_C(86400000)	/* ms */
#define SECONDS_MAX INT64_C(253402300799)	/* the end of year 9999 */
#define TIME_MAX 64		/* bytes of a time in a signature */

/* --- what says when ------------------------------------------------------- */

/* The first of them to end. */
static bool
ends_of_certificates(const struct json *value, struct ending *ending)
{
	struct certificates *all = certificates_read(value);
	size_t count = all != NULL ? certificates_count(all) : 0, first = 0;

	for (size_t i = 1; i < count; i++)
		if (certificate_end(all, i) < certificate_end(all, first))
			first = i;
	if (count > 0) {
		ending->number = first + 1;
		ending->at = certificate_end(all, first);
	}
	certificates_free(&all);
	return count > 0;
}

/* A parameter of a query, its %3A read as colons. */
static bool
query_time(const char *query, const char *name, char out[TIME_MAX])
{
	size_t length = strlen(name), at = 0;

	if (*query == '?')
		query++;
	while (strncmp(query, name, length) != 0) {
		query += strcspn(query, "&");
		if (*query++ == '\0')
			return false;
	}
	for (query += length; *query != '\0' && *query != '&' &&
	    at < TIME_MAX - 1; query++) {
		bool colon = strncasecmp(query, "%3A", 3) == 0;

		out[at++] = colon ? ':' : *query;
		query += colon ? 2 : 0;
	}
	out[at] = '\0';
	return at > 0;
}

/* `se` is a time in UTC to the second, the minute or the day. */
static bool
ends_of_signature(const struct json *value, struct ending *ending)
{
	static const char *const rests[] = { "", ":00Z", "T00:00:00Z" };
	char text[TIME_MAX];
	struct buf time = { 0 };
	size_t length;
	bool good = false;

	if (!query_time(json_string(value, ""), "se=", text))
		return false;
	length = strlen(text);
	/* 2026-12-01T08:30Z: the Z comes behind the seconds. */
	if (length == strlen("2026-12-01T08:30Z"))
		text[--length] = '\0';
	for (size_t i = 0; !good && i < sizeof(rests) / sizeof(*rests); i++) {
		buf_clear(&time);
		buf_printf(&time, "%s%s", text, rests[i]);
		good = clock_parse(time.data, &ending->at) == 0;
	}
	buf_free(&time);
	return good;
}

/* The second part of a JSON Web Token is an object with `exp`, in seconds. */
static bool
ends_of_token(const struct json *value, struct ending *ending)
{
	const char *text = json_string(value, "");
	const char *claims = strchr(text, '.'), *end;
	struct buf decoded = { 0 };
	struct json *object = NULL;
	struct why why;
	bool good;

	end = claims != NULL ? strchr(claims + 1, '.') : NULL;
	if (end != NULL && base64_decode(&decoded, claims + 1,
	    (size_t)(end - claims - 1), BASE64_URL) == 0)
		object = json_parse(decoded.data, decoded.len, &why);
	good = json_is_integer(json_get(object, "exp"), 1, SECONDS_MAX);
	if (good)
		ending->at = 1000 * json_integer(json_get(object, "exp"), 0);
	json_free(&object);
	buf_wipe(&decoded);
	return good;
}

static const struct {
	const char	*form;
	bool		(*ends)(const struct json *, struct ending *);
} forms[] = {
	{ "pem", ends_of_certificates },
	{ "certificates", ends_of_certificates },
	{ "sas", ends_of_signature },
	{ "credential", ends_of_token },
};

/* --- all of them ---------------------------------------------------------- */

void
destination_ends(const struct json *config, enum transport transport,
    destination_ending *found, void *arg)
{
	const struct destination_field *field;
	size_t at = 0;

	while ((field = destination_field_next(transport, &at)) != NULL) {
		const struct json *value = destination_value(config,
		    field->path);
		struct ending ending = { .field = field->path };

		for (size_t i = 0; value != NULL &&
		    i < sizeof(forms) / sizeof(*forms); i++)
			if (strcmp(forms[i].form, field->form) == 0 &&
			    forms[i].ends(value, &ending))
				found(arg, &ending);
	}
}

void
destination_ends_known(const struct json *document, destination_ending *found,
    void *arg)
{
	const struct json *each = json_first(json_get(document,
	    "expirations"));

	for (; each != NULL; each = json_next(each)) {
		struct ending ending = {
			.field = json_string(json_get(each, "field"), "?"),
			.number = (size_t)json_integer(json_get(each,
			    "certificate"), 0),
		};

		if (clock_parse(json_string(json_get(each, "at"), ""),
		    &ending.at) == 0)
			found(arg, &ending);
	}
}

static void
put_one(void *arg, const struct ending *ending)
{
	struct buf *out = arg;

	json_open(out, NULL, '{');
	json_put_string(out, "field", ending->field);
	if (ending->number > 0)
		json_put_integer(out, "certificate", (int64_t)ending->number);
	json_put_time(out, "at", ending->at);
	json_close(out, '}');
}

void
destination_ends_put(const struct json *config, enum transport transport,
    struct buf *document)
{
	struct buf all = { 0 };

	destination_ends(config, transport, put_one, &all);
	if (all.len > 0) {
		json_open(document, "expirations", '[');
		json_put_raw(document, NULL, all.data, all.len);
		json_close(document, ']');
	}
	buf_free(&all);
}

bool
ending_soon(const struct ending *ending, int64_t now, int64_t lead,
    struct buf *out)
{
	int64_t days = (ending->at - now) / DAY;

	if (ending->at - now >= lead)
		return false;
	if (ending->number > 0)
		buf_printf(out, "a certificate of %s (number %zu) ",
		    ending->field, ending->number);
	else
		buf_printf(out, "%s ", ending->field);
	if (ending->at <= now)
		buf_str(out, "has expired");
	else if (days < 1)
		buf_str(out, "expires within a day");
	else
		buf_printf(out, "expires in %" PRId64 " day%s", days,
		    days == 1 ? "" : "s");
	return true;
}
