/*
 * describe - what is stored along with an object: the job's metadata
 */
#include <string.h>
#include <strings.h>

#include "lib/base64.h"
#include "lib/hex.h"

#include "workers/storage/locator.h"
#include "workers/storage/upload.h"

#define METADATA_MAX 8192	/* bytes of names and values */
#define OWN "spoold-"

/* What HTTP carries as it is; anything else goes as RFC 2047 has it. */
static bool
is_plain(const char *value)
{
	size_t length = strlen(value);

	if (length == 0 || value[0] == ' ' || value[length - 1] == ' ' ||
	    strstr(value, "  ") != NULL || strncmp(value, "=?", 2) == 0)
		return false;
	for (const char *p = value; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e)
			return false;
	return true;
}

/* As S3 itself shows a value that is not in ASCII. */
static void
put_value(struct buf *out, const struct json *value)
{
	struct buf text = { 0 };

	if (json_is(value, JSON_STRING))
		buf_str(&text, json_string(value, ""));
	else
		json_print(&text, value);
	if (is_plain(text.data))
		buf_str(out, text.data);
	else {
		buf_str(out, "=?UTF-8?B?");
		base64_encode(out, text.data, text.len, BASE64_STANDARD);
		buf_str(out, "?=");
	}
	buf_free(&text);
}

static int
describe_field(const struct json *field, size_t *bytes, put_metadata *put,
    void *arg, struct why *why)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	const char *name = json_name(field);
	struct buf value = { 0 };
	int result;

	if (*name == '\0' || name[strspn(name, token)] != '\0')
		return why_field(why, "payload.metadata", "payload.metadata "
		    "has a name that no header can have: letters, digits, "
		    "\"-\", \"_\" and \".\" are possible");
	if (strncasecmp(name, OWN, strlen(OWN)) == 0)
		return why_field(why, "payload.metadata", "payload.metadata "
		    "has a name with " OWN " before it, which is spoold's "
		    "own");
	put_value(&value, field);
	*bytes += strlen(name) + value.len;
	result = *bytes > METADATA_MAX ? why_field(why, "payload.metadata",
	    "payload.metadata is larger than the %d bytes that an object "
	    "can have", METADATA_MAX) : put(arg, name, value.data, why);
	buf_free(&value);
	return result;
}

int
describe(struct attempt *attempt, put_metadata *put, void *arg,
    struct why *why)
{
	const struct json *metadata, *field;
	size_t bytes = 0;
	char hex[HEX_SIZE(SHA256_LENGTH)], mark[LOCATOR_MARK];

	if (attempt_metadata(attempt, &metadata, why) == -1)
		return -1;
	for (field = json_first(metadata); field != NULL;
	    field = json_next(field))
		if (describe_field(field, &bytes, put, arg, why) == -1)
			return -1;
	hex_format(attempt->parcel.content.sha256, SHA256_LENGTH, hex);
	if (put(arg, OWN "sha256", hex, why) == -1)
		return -1;
	locator_mark(attempt, mark);
	return put(arg, OWN "mark", mark, why);
}

/* --- in headers ----------------------------------------------------------- */

static bool
is_there(const struct headers *headers, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < headers->count; i++)
		if (strncasecmp(headers->list[i], name, length) == 0 &&
		    strchr(":;", headers->list[i][length]) != NULL)
			return true;
	return false;
}

int
describe_header(struct headers *headers, const char *name, const char *value,
    struct why *why)
{
	if (is_there(headers, name))
		return why_field(why, "payload.metadata", "payload.metadata "
		    "has two names that are the same to the server");
	return headers_set(headers, name, value, why);
}

int
headers_set_base64(struct headers *headers, const char *name,
    const void *bytes, size_t length, struct why *why)
{
	struct buf text = { 0 };
	int result;

	base64_encode(&text, bytes, length, BASE64_STANDARD);
	result = headers_set(headers, name, text.data, why);
	buf_free(&text);
	return result;
}

int
headers_set_if(struct headers *headers, const char *name, const char *value,
    struct why *why)
{
	return value == NULL ? 0 : headers_set(headers, name, value, why);
}
