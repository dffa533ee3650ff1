/*
 * hex - bytes as lower-case hexadecimal digits
 */
#include "lib/hex.h"

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void
hex_format(const void *bytes, size_t length, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < length; i++) {
		*out++ = digits[byte[i] >> 4];
		*out++ = digits[byte[i] & 15];
	}
	*out = '\0';
}

int
hex_parse(const char *text, void *out, size_t length)
{
	unsigned char *byte = out;

	for (size_t i = 0; i < length; i++) {
		int high = digit(text[2 * i]);
		int low = high == -1 ? -1 : digit(text[2 * i + 1]);

		if (low == -1)
			return -1;
		byte[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}
