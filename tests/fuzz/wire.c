/*
 * wire - what an SFTP server answers
 *
 * The input is what has come of answers.  Whatever it is, no more is taken
 * than is there, what an answer points at lies within it, a part of it is no
 * other answer than the whole, and what is refused has a reason.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "workers/sftp/wire.h"

static void
check_taken(const struct wire_answer *answer, const char *bytes, size_t length)
{
	MUST(length >= 5 && length <= WIRE_ANSWER_MAX);
	MUST(answer->length <= length);
	if (answer->length > 0)
		MUST(answer->bytes >= bytes && answer->bytes +
		    answer->length <= bytes + length);
	if (answer->type == WIRE_HANDLE)
		MUST(answer->length > 0 && answer->length <= WIRE_HANDLE_MAX);
	if (answer->type == WIRE_VERSION)
		MUST(answer->id == 0);
}

/* As long as it is not whole, it is nothing yet, or wrong already. */
static void
check_parts(const char *bytes, size_t length)
{
	struct wire_answer	 answer;
	struct why		 why;

	for (size_t part = 0; part < length; part++)
		MUST(wire_parse(bytes, part, &answer, &why) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char		*bytes = (const char *)data;
	struct wire_answer	 answer;
	struct why		 why;
	int64_t			 took = 1;

	for (size_t at = 0; took > 0; at += (size_t)took) {
		why.code = ERROR_NONE;
		took = wire_parse(bytes + at, size - at, &answer, &why);
		MUST(took >= -1 && took <= (int64_t)(size - at));
		if (took == -1)
			MUST(why.code == ERROR_PROTOCOL_ERROR &&
			    why.text[0] != '\0');
		if (took > 0) {
			check_taken(&answer, bytes + at, (size_t)took);
			check_parts(bytes + at, (size_t)took);
		}
	}
	return 0;
}
