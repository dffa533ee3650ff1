/*
 * range - the part of a file that a request asks for
 */
#include <string.h>
#include <strings.h>

#include "workers/download/range.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits; more than fits counts as very much.  What follows them. */
static const char *
number(const char *text, int64_t *value)
{
	*value = 0;
	for (; is_digit(*text); text++)
		if (*value > (INT64_MAX - 9) / 10)
			*value = INT64_MAX;
		else
			*value = *value * 10 + (*text - '0');
	return text;
}

static const char *
blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* The last so many bytes. */
static enum range
suffix(int64_t count, int64_t size, struct extent_asked *asked)
{
	if (count == 0 || size == 0)
		return RANGE_none;
	asked->length = count < size ? count : size;
	asked->from = size - asked->length;
	return RANGE_part;
}

enum range
range_parse(const char *text, int64_t size, struct extent_asked *asked)
{
	int64_t first, last = INT64_MAX;
	bool has_first;

	*asked = (struct extent_asked){ 0, size };
	if (strncasecmp(text, "bytes=", 6) != 0)
		return RANGE_whole;
	text = blanks(text + 6);
	has_first = is_digit(*text);
	text = number(text, &first);
	if (*text++ != '-' || (!has_first && !is_digit(*text)))
		return RANGE_whole;
	if (is_digit(*text))
		text = number(text, &last);
	if (*blanks(text) != '\0')
		return RANGE_whole;
	if (!has_first)
		return suffix(last, size, asked);
	if (last < first)
		return RANGE_whole;
	if (first >= size)
		return RANGE_none;
	asked->from = first;
	asked->length = (last < size - 1 ? last : size - 1) - first + 1;
	return RANGE_part;
}

bool
range_if(const char *text, const char *etag)
{
	return *text == '\0' || strcmp(text, etag) == 0;
}

bool
range_match(const char *text, const char *etag)
{
	size_t length = strlen(etag);

	if (*text == '\0' || strcmp(text, "*") == 0)
		return true;
	for (;;) {
		size_t one;

		text += strspn(text, " \t,");
		one = strcspn(text, " \t,");
		if (one == 0)
			return false;
		if (one == length && memcmp(text, etag, one) == 0)
			return true;
		text += one;
	}
}
