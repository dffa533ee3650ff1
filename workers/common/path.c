/*
 * path - where a ticket's content goes
 */
#include <string.h>
#include <time.h>

#include "lib/path_template.h"

#include "workers/common/path.h"

struct values {
	const struct attempt *attempt;	/* borrowed */
	const struct json *metadata;	/* borrowed; NULL: none */
};

/* A part of 20261123T210405Z, when the job was accepted. */
static int
put_time(const struct attempt *attempt, size_t from, size_t length,
    struct buf *out)
{
	time_t at = (time_t)(attempt->facts.accepted_at / 1000);
	char text[32];
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL || strftime(text, sizeof(text),
	    "%Y%m%dT%H%M%SZ", &tm) < from + length)
		return -1;
	buf_add(out, text + from, length);
	return 0;
}

static int
put_text(const char *text, struct buf *out)
{
	if (text == NULL || *text == '\0')
		return -1;
	buf_str(out, text);
	return 0;
}

/* A string, a number or a truth value; nothing that has parts. */
static int
put_metadata(const struct json *value, struct buf *out)
{
	if (json_is(value, JSON_STRING))
		return put_text(json_string(value, ""), out);
	if (!json_is(value, JSON_NUMBER) && !json_is(value, JSON_BOOLEAN))
		return -1;
	json_print(out, value);
	return 0;
}

static int
value_of(const void *arg, enum path_name name, const char *metadata,
    struct buf *out)
{
	const struct values *values = arg;
	const struct attempt *attempt = values->attempt;
	char id[ID_LENGTH + 1];

	if (metadata != NULL)
		return put_metadata(json_get(values->metadata, metadata), out);
	switch (name) {
	case PATH_NAME_organizationId:
		return put_text(attempt->text[ATTEMPT_organization], out);
	case PATH_NAME_year:
		return put_time(attempt, 0, 4, out);
	case PATH_NAME_month:
		return put_time(attempt, 4, 2, out);
	case PATH_NAME_day:
		return put_time(attempt, 6, 2, out);
	case PATH_NAME_hour:
		return put_time(attempt, 9, 2, out);
	case PATH_NAME_timestamp:
		return put_time(attempt, 0, 16, out);
	case PATH_NAME_deliveryId:
		id_format(&attempt->facts.id, id);
		return put_text(id, out);
	case PATH_NAME_type:
		return put_text(payload_type_name(
		    (enum payload_type)attempt->facts.type), out);
	case PATH_NAME_correlationId:
		return put_text(attempt->text[ATTEMPT_correlation_id], out);
	default:
		return -1;
	}
}

/* The payload's own name is the client's: it is looked at as any value. */
static int
put_own_name(const struct attempt *attempt, struct buf *out, struct why *why)
{
	const char *name = attempt->text[ATTEMPT_filename];
	char id[ID_LENGTH + 1];

	if (!attempt->parcel.has_file) {
		id_format(&attempt->facts.id, id);
		buf_printf(out, "%s.json", id);
		return 0;
	}
	if (strpbrk(name, "/\\") != NULL || *name == '\0')
		return why_field(why, "payload.filename",
		    "payload.filename is no name of a file");
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return why_field(why, "payload.filename",
			    "payload.filename has a control character in it");
	buf_str(out, name);
	return 0;
}

static int
check_segments(const char *path, struct why *why)
{
	const char *at = path;

	for (;;) {
		size_t length = strcspn(at, "/");

		if (length == 0 || (length == 1 && at[0] == '.') ||
		    (length == 2 && at[0] == '.' && at[1] == '.'))
			/* Values of the job's do not belong in a reason. */
			return why_set(why, ERROR_VALIDATION_ERROR,
			    "the path has a part that is empty, \".\" or "
			    "\"..\"");
		if (at[length] == '\0')
			return 0;
		at += length + 1;
	}
}

int
path_of(struct attempt *attempt, const char *path, const char *filename,
    struct buf *out, struct why *why)
{
	struct values values = { .attempt = attempt };
	size_t begin = out->len, end;

	if (attempt_metadata(attempt, &values.metadata, why) == -1)
		return -1;
	if (path != NULL) {
		path += strspn(path, "/");
		if (*path != '\0' && path_template_expand(path, value_of,
		    &values, out, why) == -1)
			return -1;
		end = out->len;
		while (end > begin && out->data[end - 1] == '/')
			end--;
		out->len = end;
		if (end > begin)
			buf_char(out, '/');
	}
	if (filename != NULL ? path_template_expand(filename, value_of,
	    &values, out, why) == -1 : put_own_name(attempt, out, why) == -1)
		return -1;
	if (out->len - begin > PATH_TEMPLATE_MAX)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "the path has more than %d bytes", PATH_TEMPLATE_MAX);
	return check_segments(out->data + begin, why);
}
