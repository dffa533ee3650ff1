/*
 * scan - the strict scan, and cJSON behind it
 *
 * What the scan takes, cJSON must take (but for a number of more than 63
 * characters, of which json_parse() says so), what is printed must be read as
 * the same, and the beginning of a good text is never called wrong.
 */
#include "lib/json.h"
#include "lib/scan.h"
#include "tests/fuzz/fuzz.h"

#define NUMBER_MAX 63	/* characters that cJSON reads of a number */

/* True if there is a run of bytes that could be a number too long. */
static bool
has_long_number(const char *text, size_t size)
{
	size_t	 run = 0;

	for (size_t i = 0; i < size && run <= NUMBER_MAX; i++)
		run = text[i] != '\0' && strchr("+-.0123456789Ee", text[i]) !=
		    NULL ? run + 1 : 0;
	return run > NUMBER_MAX;
}

/* Wanted members lie inside the text, and are values themselves. */
static void
check_members(const char *text, size_t size)
{
	struct scan_member	 members[] = {
		{ .path = "payload.data" }, { .path = "payload.metadata" },
		{ .path = "a" }, { .path = NULL },
	};
	struct scan		 scan = { 0 }, inner;
	struct why		 why;

	MUST(scan_json(text, size, &scan, members, &why) == 1);
	for (size_t i = 0; members[i].path != NULL; i++) {
		struct span	 span = members[i].span;

		if (span.length == 0)
			continue;
		MUST(span.offset <= size && span.length <= size - span.offset);
		memset(&inner, 0, sizeof(inner));
		MUST(scan_json(text + span.offset, span.length, &inner, NULL,
		    &why) == 1);
	}
}

static void
check_again(const struct json *json)
{
	struct buf	 once = { 0 }, twice = { 0 };
	struct json	*again;
	struct why	 why;

	json_print(&once, json);
	again = json_parse(once.data, once.len, &why);
	MUST(again != NULL);
	json_print(&twice, again);
	MUST(fuzz_same(&once, &twice));
	json_free(&again);
	buf_free(&once);
	buf_free(&twice);
}

static void
check_beginnings(const char *text, size_t size)
{
	struct scan	 scan;
	struct why	 why;

	for (size_t i = 0; i < size; i += 1 + size / 16) {
		memset(&scan, 0, sizeof(scan));
		MUST(scan_json(text, i, &scan, NULL, &why) != -1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*text = (const char *)data;
	struct scan	 scan = { 0 };
	struct json	*json;
	struct why	 why;
	int		 result;

	result = scan_json(text, size, &scan, NULL, &why);
	MUST(result != -1 || (why.offset >= 0 && (size_t)why.offset <= size));
	json = json_parse(text, size, &why);
	MUST(json == NULL || result == 1);
	if (result != 1)
		return 0;
	MUST(json != NULL || has_long_number(text, size));
	check_members(text, size);
	check_beginnings(text, size);
	if (json == NULL)
		return 0;
	check_again(json);
	json_free(&json);
	return 0;
}
