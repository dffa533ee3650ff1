/*
 * header - the headers of a message, in ASCII
 */
#include <ctype.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/utf8.h"

#include "workers/email/header.h"

#define LINE_MAX_LENGTH 76	/* characters: RFC 2047 */
#define WORD_BYTES 39		/* of an encoded word; in base64 52 */
#define PIECE_LENGTH 50		/* characters of a parameter on one line */

int
header_check(const char *value, const char *field, struct why *why)
{
	size_t length = strlen(value);
	uint32_t code;
	int bytes;

	for (size_t i = 0; i < length; i += (size_t)bytes) {
		bytes = utf8_next(value + i, length - i, &code);
		if (bytes <= 0 || utf8_is_control(code))
			return why_field(why, field, "%s has a line break, "
			    "another control character or no UTF-8 in it",
			    field);
	}
	return 0;
}

/* Only visible ASCII and blanks. */
static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

#define FOLD "\r\n "		/* a line break, and the blank after it */

/* =?utf-8?B?…?= as often as needed, with that between them. */
static void
put_words(struct buf *out, const char *text, const char *between)
{
	size_t left = strlen(text), length;

	for (; left > 0; text += length, left -= length) {
		length = left <= WORD_BYTES ? left :
		    utf8_cut(text, left, WORD_BYTES);
		buf_str(out, "=?utf-8?B?");
		base64_encode(out, text, length, BASE64_STANDARD);
		buf_str(out, "?=");
		if (left > length)
			buf_str(out, between);
	}
}

/* Where lines of a plain value can be folded: before one of these blanks. */
static bool
is_foldable(const char *text)
{
	size_t length = strlen(text), word = 0;

	if (!is_ascii(text) || strstr(text, "=?") != NULL || length == 0 ||
	    text[0] == ' ' || text[length - 1] == ' ' ||
	    strstr(text, "  ") != NULL)
		return false;
	for (; *text != '\0'; text++) {
		word = *text == ' ' ? 0 : word + 1;
		if (word > LINE_MAX_LENGTH / 2)
			return false;
	}
	return true;
}

void
header_text(struct buf *out, const char *name, const char *value)
{
	size_t column = strlen(name) + 2;

	buf_printf(out, "%s: ", name);
	if (!is_foldable(value)) {
		put_words(out, value, FOLD);
		buf_str(out, "\r\n");
		return;
	}
	while (*value != '\0') {
		size_t length = strcspn(value + 1, " ") + 1;

		if (column + length > LINE_MAX_LENGTH && *value == ' ') {
			buf_str(out, "\r\n");
			column = 0;
		}
		buf_add(out, value, length);
		column += length;
		value += length;
	}
	buf_str(out, "\r\n");
}

static void
put_address(struct buf *out, const struct mail_address *address,
    const char *between)
{
	const char *name = address->name;
	bool plain = name != NULL && is_ascii(name) &&
	    strstr(name, "=?") == NULL;

	if (plain)
		buf_printf(out, "\"%s\"", name);
	else if (name != NULL)
		put_words(out, name, between);
	if (name != NULL)
		buf_printf(out, "%s<%s>", between, address->address);
	else
		buf_str(out, address->address);
}

void
header_mailbox(struct buf *out, const struct mail_address *address)
{
	put_address(out, address, " ");
}

void
header_addresses(struct buf *out, const char *name,
    const struct mail_address *addresses, size_t count)
{
	if (count == 0)
		return;
	buf_printf(out, "%s: ", name);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_str(out, ",\r\n ");
		put_address(out, &addresses[i], FOLD);
	}
	buf_str(out, "\r\n");
}

/* attribute-char of RFC 2231. */
static bool
is_attribute(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' &&
	    strchr("!#$&+-.^_`{}~", c) != NULL);
}

/* `; name*0*=utf-8''…` and so on; a character in three is never cut. */
static void
put_pieces(struct buf *out, const char *name, const char *value)
{
	size_t length = PIECE_LENGTH;
	int piece = 0;

	for (; *value != '\0'; value++) {
		if (length >= PIECE_LENGTH) {
			buf_printf(out, ";\r\n %s*%d*=%s", name, piece,
			    piece == 0 ? "utf-8''" : "");
			length = 0;
			piece++;
		}
		if (is_attribute(*value))
			buf_char(out, *value);
		else
			buf_printf(out, "%%%02X", (unsigned char)*value);
		length += is_attribute(*value) ? 1 : 3;
	}
}

void
header_parameter(struct buf *out, const char *name, const char *value)
{
	if (is_ascii(value) && strpbrk(value, "\"\\") == NULL &&
	    strstr(value, "=?") == NULL && strlen(value) <= PIECE_LENGTH)
		buf_printf(out, ";\r\n %s=\"%s\"", name, value);
	else
		put_pieces(out, name, value);
}
