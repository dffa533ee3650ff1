/*
 * text - UTF-8 and base64, which everything else is made of
 */
#include "lib/base64.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

static void
check_base64(const uint8_t *data, size_t size, enum base64 alphabet)
{
	struct buf	 text = { 0 }, bytes = { 0 };

	base64_encode(&text, data, size, alphabet);
	MUST(base64_decode(&bytes, text.data, text.len, alphabet) == 0);
	MUST(bytes.len == size);
	MUST(size == 0 || memcmp(bytes.data, data, size) == 0);
	buf_clear(&bytes);
	buf_clear(&text);
	if (base64_decode(&bytes, (const char *)data, size, alphabet) == 0) {
		base64_encode(&text, bytes.data, bytes.len, alphabet);
		MUST(text.len == size);
		MUST(size == 0 || memcmp(text.data, data, size) == 0);
	}
	buf_free(&text);
	buf_free(&bytes);
}

/* Each character is written as it was read, and none is cut. */
static void
check_utf8(const char *text, size_t size)
{
	size_t		 count = 0, cut;
	uint32_t	 code;
	char		 out[4];
	int		 n;

	for (size_t i = 0; i < size; i += (size_t)n, count++) {
		n = utf8_next(text + i, size - i, &code);
		if (n <= 0) {
			MUST(!utf8_valid(text, size));
			return;
		}
		MUST((size_t)n <= size - i && code <= 0x10ffff);
		MUST(code < 0xd800 || code > 0xdfff);
		MUST(utf8_put(out, code) == (size_t)n);
		MUST(memcmp(out, text + i, (size_t)n) == 0);
	}
	MUST(utf8_valid(text, size));
	MUST(utf8_count(text) == count);
	for (size_t limit = 0; limit <= size; limit += 1 + size / 8) {
		cut = utf8_cut(text, size, limit);
		MUST(cut <= limit && limit - cut < 4);
		MUST(utf8_valid(text, cut));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*text = fuzz_text(data, size);

	check_base64(data, size, BASE64_STANDARD);
	check_base64(data, size, BASE64_URL);
	check_utf8(text, strlen(text));
	free(text);
	return 0;
}
