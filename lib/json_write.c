/*
 * json_write - JSON, appended to a buf
 *
 * Whether a comma is needed shows in the byte before: none after an opening
 * brace, a colon, a newline (lines of JSON) or at the very beginning.  What
 * the strict scan refuses is never written: NUL and bytes that are no UTF-8
 * become U+FFFD.  DEL and the C1 controls are escaped as well, so that a line
 * of the journal is harmless on a terminal.
 */
#include "lib/json.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/hex.h"
#include "lib/utf8.h"

static const char *const short_escapes[] = {
	['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
	['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t",
};
#define SHORT_ESCAPES (sizeof short_escapes / sizeof short_escapes[0])

static void
quote_character(struct buf *out, const char *bytes, size_t length,
    uint32_t code)
{
	if (code < SHORT_ESCAPES && short_escapes[code] != NULL)
		buf_str(out, short_escapes[code]);
	else if (utf8_is_control(code))
		buf_printf(out, "\\u%04x", code);
	else
		buf_add(out, bytes, length);
}

/* How many bytes at the beginning stand for themselves. */
static size_t
plain_length(const char *text, size_t length)
{
	size_t	 i = 0;

	while (i < length && text[i] >= ' ' && text[i] <= '~' &&
	    text[i] != '"' && text[i] != '\\')
		i++;
	return i;
}

void
json_quote(struct buf *out, const char *text, size_t length)
{
	uint32_t	 code;
	size_t		 i = 0, plain;
	int		 bytes;

	buf_char(out, '"');
	while (i < length) {
		plain = plain_length(text + i, length - i);
		if (plain > 0) {
			buf_add(out, text + i, plain);
			i += plain;
			continue;
		}
		bytes = utf8_next(text + i, length - i, &code);
		if (bytes <= 0 || code == 0) {
			buf_str(out, "\xef\xbf\xbd");
			i++;
			continue;
		}
		quote_character(out, text + i, (size_t)bytes, code);
		i += (size_t)bytes;
	}
	buf_char(out, '"');
}

static void
put_name(struct buf *out, const char *name)
{
	if (out->len > 0 && strchr("{[:\n", out->data[out->len - 1]) == NULL)
		buf_char(out, ',');
	if (name != NULL) {
		json_quote(out, name, strlen(name));
		buf_char(out, ':');
	}
}

void
json_open(struct buf *out, const char *name, char brace)
{
	put_name(out, name);
	buf_char(out, brace);
}

void
json_close(struct buf *out, char brace)
{
	buf_char(out, brace);
}

void
json_put_string(struct buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	put_name(out, name);
	json_quote(out, value, strlen(value));
}

void
json_put_integer(struct buf *out, const char *name, int64_t value)
{
	put_name(out, name);
	buf_integer(out, value);
}

void
json_put_boolean(struct buf *out, const char *name, bool value)
{
	put_name(out, name);
	buf_str(out, value ? "true" : "false");
}

void
json_put_null(struct buf *out, const char *name)
{
	put_name(out, name);
	buf_str(out, "null");
}

void
json_put_time(struct buf *out, const char *name, int64_t wall_ms)
{
	char	 text[CLOCK_TEXT];

	if (wall_ms == 0)
		return;
	clock_format(wall_ms, text);
	json_put_string(out, name, text);
}

void
json_put_hex(struct buf *out, const char *name, const void *bytes,
    size_t length)
{
	char	 digits[HEX_SIZE(1)];

	put_name(out, name);
	buf_char(out, '"');
	for (size_t i = 0; i < length; i++) {
		hex_format((const uint8_t *)bytes + i, 1, digits);
		buf_str(out, digits);
	}
	buf_char(out, '"');
}

void
json_put_raw(struct buf *out, const char *name, const char *text,
    size_t length)
{
	put_name(out, name);
	buf_add(out, text, length);
}

void
json_put_value(struct buf *out, const char *name, const struct json *value)
{
	struct buf text = { 0 };

	json_print(&text, value);
	json_put_raw(out, name, text.data, text.len);
	buf_free(&text);
}
