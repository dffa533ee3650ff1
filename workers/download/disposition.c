/*
 * disposition - Content-Disposition of a file's name
 *
 * In the ASCII form, what some clients read in another way than others (quotes,
 * backslashes, percent signs, slashes) and what is no ASCII is a `_`.
 */
#include <string.h>

#include "lib/utf8.h"

#include "workers/download/disposition.h"

/* The characters of an attr-char beside letters and digits. */
static const char plain[] = "!#$&+-.^_`|~";

static bool
is_alphanumeric(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

/* True if the name could be written as it is. */
static bool
put_ascii(struct buf *out, const char *name)
{
	size_t left = strlen(name);
	bool exact = true;

	while (left > 0) {
		uint32_t code = 0;
		int n = utf8_next(name, left, &code);
		bool good = n == 1 && code >= 0x20 && code < 0x7f &&
		    strchr("\"\\%/", (int)code) == NULL;

		buf_char(out, good ? (char)code : '_');
		exact = exact && good;
		name += n > 0 ? n : 1;
		left -= (size_t)(n > 0 ? n : 1);
	}
	return exact;
}

static void
put_encoded(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)*name;

		if (is_alphanumeric(c) || strchr(plain, c) != NULL)
			buf_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

void
disposition_put(struct buf *out, const char *filename)
{
	bool exact;

	buf_str(out, "attachment; filename=\"");
	exact = put_ascii(out, filename);
	buf_char(out, '"');
	if (exact || !utf8_valid(filename, strlen(filename)))
		return;
	buf_str(out, "; filename*=UTF-8''");
	put_encoded(out, filename);
}
