/*
 * utf8 - one character at a time, strictly
 *
 * The first byte decides the length and the range of the second one; that
 * range is what keeps out overlong forms (E0, F0), surrogates (ED) and what
 * is beyond U+10FFFF (F4), as in the table of RFC 3629, section 4.
 */
#include "lib/utf8.h"

#include <string.h>

/* Bytes of the form that begins so, 0 if none does; low..high: the second. */
static int
form(unsigned char first, unsigned char *low_r, unsigned char *high_r)
{
	*low_r = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	*high_r = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

int
utf8_next(const char *text, size_t length, uint32_t *code_r)
{
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	unsigned char	 byte, low, high;
	int		 bytes, i;

	if (length == 0)
		return 0;
	byte = (unsigned char)text[0];
	if ((bytes = form(byte, &low, &high)) == 0)
		return -1;
	*code_r = byte & mask[bytes];
	for (i = 1; i < bytes; i++) {
		if ((size_t)i == length)
			return 0;
		byte = (unsigned char)text[i];
		if (byte < low || byte > high)
			return -1;
		*code_r = *code_r << 6 | (byte & 0x3f);
		low = 0x80;
		high = 0xbf;
	}
	return bytes;
}

size_t
utf8_put(char out[4], uint32_t code)
{
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t	 bytes, i;

	bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (i = bytes - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	out[0] = (char)(first[bytes] | code);
	return bytes;
}

bool
utf8_valid(const char *text, size_t length)
{
	uint32_t	 code;
	int		 bytes;

	while (length > 0) {
		if ((bytes = utf8_next(text, length, &code)) <= 0)
			return false;
		text += bytes;
		length -= (size_t)bytes;
	}
	return true;
}

size_t
utf8_count(const char *text)
{
	size_t	 count = 0;

	for (; *text != '\0'; text++)
		if (((unsigned char)*text & 0xc0) != 0x80)
			count++;
	return count;
}

bool
utf8_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

size_t
utf8_cut(const char *text, size_t length, size_t limit)
{
	uint32_t	 code;
	size_t		 begin;

	if (length <= limit)
		return length;
	/* What stands at the limit may be gone already: look before it. */
	for (begin = limit; begin > 0 && limit - begin < 4; ) {
		begin--;
		if (((unsigned char)text[begin] & 0xc0) != 0x80)
			break;
	}
	return utf8_next(text + begin, limit - begin, &code) == 0 ? begin :
	    limit;
}
