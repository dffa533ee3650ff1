/*
 * base64 - RFC 4648, both alphabets, strictly
 *
 * OpenSSL's own coder knows one alphabet, wants padding and cannot tell how
 * many bytes were padded.  Being strict means that one value has one text, so
 * a text can be compared in place of its value.  What passes through here is
 * often a secret: nothing of it stays on the stack but three bytes at a time.
 */
#include <stdint.h>
#include <string.h>

#include "lib/base64.h"

static const char *const alphabets[] = {
	[BASE64_STANDARD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/",
	[BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_",
};

void
base64_encode(struct buf *out, const void *data, size_t length,
    enum base64 kind)
{
	const char *alphabet = alphabets[kind];
	const uint8_t *bytes = data;

	while (length > 0) {
		size_t taken = length < 3 ? length : 3;
		uint32_t bits = 0;

		for (size_t i = 0; i < 3; i++)
			bits = bits << 8 | (i < taken ? bytes[i] : 0U);
		for (size_t i = 0; i <= taken; i++)
			buf_char(out, alphabet[bits >> (18 - 6 * i) & 63]);
		for (size_t i = taken; i < 3 && kind == BASE64_STANDARD; i++)
			buf_char(out, '=');
		bytes += taken;
		length -= taken;
	}
}

/*
 * Decodes a group of 2 to 4 characters into 1 to 3 bytes.  0, or -1 if one is
 * none of the alphabet, or the last has bits that no byte takes.
 */
static int
decode_group(struct buf *out, const char *text, size_t count,
    const char *alphabet)
{
	uint8_t bytes[3];
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		const char *at = i < count ? strchr(alphabet, text[i]) :
		    alphabet;

		if (at == NULL || *at == '\0')
			return -1;
		bits = bits << 6 | (uint32_t)(at - alphabet);
	}
	for (size_t i = 0; i < 3; i++)
		bytes[i] = (uint8_t)(bits >> (16 - 8 * i));
	for (size_t i = count - 1; i < 3; i++)
		if (bytes[i] != 0)
			return -1;
	buf_add(out, bytes, count - 1);
	return 0;
}

int
base64_decode(struct buf *out, const char *text, size_t length,
    enum base64 kind)
{
	size_t padding = 0;

	if (kind == BASE64_STANDARD) {
		if (length % 4 != 0)
			return -1;
		while (padding < 2 && length > 0 && text[length - 1] == '=') {
			padding++;
			length--;
		}
	}
	if (length % 4 == 1)
		return -1;
	for (; length > 0; text += 4) {
		size_t count = length < 4 ? length : 4;

		if (decode_group(out, text, count, alphabets[kind]) == -1)
			return -1;
		length -= count;
		if (length == 0)
			break;
	}
	return 0;
}
