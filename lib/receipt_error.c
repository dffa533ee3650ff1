/*
 * receipt_error - a struct why as an object of JSON, and back
 *
 * It stands in the receipt of a refused drop, in the answer to a request that
 * failed, and on a command's stderr with -j.
 */
#include <stdio.h>
#include <string.h>

#include "lib/receipt.h"

void
receipt_write_error(struct buf *out, const char *name, const struct why *why)
{
	json_open(out, name, '{');
	json_put_string(out, "code", error_name(why->code));
	json_put_string(out, "message", why->text);
	json_open(out, "details", '{');
	if (why->path[0] != '\0')
		json_put_string(out, "path", why->path);
	if (why->fields[0] != '\0') {
		json_open(out, "fields", '[');
		json_put_raw(out, NULL, why->fields, strlen(why->fields));
		json_close(out, ']');
	}
	if (why->offset >= 0)
		json_put_integer(out, "offset", why->offset);
	if (why->name[0] != '\0')
		json_put_string(out, "name", why->name);
	if (why->nearest[0] != '\0')
		json_put_string(out, "nearest", why->nearest);
	if (why->id[0] != '\0')
		json_put_string(out, "deliveryId", why->id);
	if (why->retry_after > 0)
		json_put_integer(out, "retryAfter", why->retry_after);
	json_close(out, '}');
	json_close(out, '}');
}

static void
text_copy(char *out, size_t size, const struct json *value)
{
	(void)snprintf(out, size, "%s", json_string(value, ""));
}

/* What is wrong, field by field; all of it, or nothing. */
static void
fields_copy(char *out, size_t size, const struct json *fields)
{
	const struct json *field = json_first(fields);
	struct buf text = { .max = size };

	for (; json_is(fields, JSON_ARRAY) && field != NULL;
	    field = json_next(field))
		json_put_value(&text, NULL, field);
	if (!text.overflow && text.len > 0 && text.len < size)
		memcpy(out, text.data, text.len + 1);
	buf_free(&text);
}

int
receipt_read_error(const struct json *error, struct why *why)
{
	const struct json *details = json_get(error, "details");
	const char *name = json_string(json_get(error, "code"), "");
	enum error code = error_by_name(name);

	(void)why_set(why, code == ERROR_NONE ? ERROR_INTERNAL_ERROR : code,
	    "%s", json_string(json_get(error, "message"),
	    "spoold gave no reason"));
	text_copy(why->path, sizeof(why->path), json_get(details, "path"));
	text_copy(why->id, sizeof(why->id), json_get(details, "deliveryId"));
	text_copy(why->name, sizeof(why->name), json_get(details, "name"));
	text_copy(why->nearest, sizeof(why->nearest),
	    json_get(details, "nearest"));
	fields_copy(why->fields, sizeof(why->fields),
	    json_get(details, "fields"));
	why->offset = json_integer(json_get(details, "offset"), -1);
	why->retry_after = json_integer(json_get(details, "retryAfter"), 0);
	return -1;
}
