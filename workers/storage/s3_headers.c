/*
 * s3_headers - what describes an object: type, metadata, class, lock
 */
#include <string.h>

#include "lib/base64.h"
#include "lib/clock.h"
#include "lib/hex.h"

#include "workers/storage/provider.h"

#define METADATA_MAX 8192	/* bytes of names and values */
#define DAY_MS (24 * 3600 * 1000LL)

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
put_metadata_value(struct buf *out, const struct json *value)
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
set_metadata_field(struct headers *headers, const struct json *field,
    size_t *bytes, struct why *why)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	const char *name = json_name(field);
	struct buf header = { 0 }, value = { 0 };
	int result;

	if (*name == '\0' || name[strspn(name, token)] != '\0')
		return why_field(why, "payload.metadata", "payload.metadata "
		    "has a name that no header can have: letters, digits, "
		    "\"-\", \"_\" and \".\" are possible");
	buf_printf(&header, "X-Amz-Meta-%s", name);
	put_metadata_value(&value, field);
	*bytes += strlen(name) + value.len;
	result = *bytes > METADATA_MAX ? why_field(why, "payload.metadata",
	    "payload.metadata is larger than the %d bytes that an object "
	    "can have", METADATA_MAX) :
	    headers_set(headers, header.data, value.data, why);
	buf_free(&header);
	buf_free(&value);
	return result;
}

static int
set_metadata(struct attempt *attempt, struct headers *headers,
    struct why *why)
{
	const struct json *metadata, *field;
	size_t bytes = 0;
	char hex[HEX_SIZE(SHA256_LENGTH)], mark[LOCATOR_MARK];

	if (attempt_metadata(attempt, &metadata, why) == -1)
		return -1;
	for (field = json_first(metadata); field != NULL;
	    field = json_next(field))
		if (set_metadata_field(headers, field, &bytes, why) == -1)
			return -1;
	hex_format(attempt->parcel.content.sha256, SHA256_LENGTH, hex);
	if (headers_set(headers, S3_META_SHA256, hex, why) == -1)
		return -1;
	locator_mark(attempt, mark);
	return headers_set(headers, S3_META_MARK, mark, why);
}

/* From the attempt on: it may have waited for long. */
static int
set_lock(const struct s3_config *s3, struct headers *headers,
    struct why *why)
{
	char until[CLOCK_TEXT];

	if (s3->lock_mode == NULL)
		return 0;
	clock_format(clock_wall() + s3->lock_days * DAY_MS, until);
	if (headers_set(headers, "X-Amz-Object-Lock-Mode", s3->lock_mode,
	    why) == -1)
		return -1;
	return headers_set(headers, "X-Amz-Object-Lock-Retain-Until-Date",
	    until, why);
}

/* Nothing is set where the destination says nothing. */
static int
set_if(struct headers *headers, const char *name, const char *value,
    struct why *why)
{
	return value == NULL ? 0 : headers_set(headers, name, value, why);
}

int
s3_object_headers(struct attempt *attempt, struct headers *headers,
    struct why *why)
{
	const struct config *config = attempt->config;
	const struct s3_config *s3 = &config->s3;

	if (headers_set(headers, "Content-Type", attempt_type(attempt),
	    why) == -1 ||
	    set_metadata(attempt, headers, why) == -1 ||
	    set_if(headers, "X-Amz-Storage-Class", s3->storage_class,
	    why) == -1 ||
	    set_if(headers, "X-Amz-Server-Side-Encryption", s3->encryption,
	    why) == -1 ||
	    set_if(headers, "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id",
	    s3->kms_key, why) == -1)
		return -1;
	return set_lock(s3, headers, why);
}
