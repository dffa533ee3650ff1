/*
 * clock - times and durations as people and programs write them
 *
 * What is read is written in its one form, and read again as the same.
 */
#include "lib/clock.h"
#include "tests/fuzz/fuzz.h"

#define NOW INT64_C(1795467845123)
#define YEAR_0000 INT64_C(-62167219200000)
#define YEAR_9999 INT64_C(253402300799999)

static void
check_time(int64_t ms)
{
	char	 text[CLOCK_TEXT], day[CLOCK_DAY];
	int64_t	 again;

	clock_format(ms, text);
	clock_format_day(ms, day);
	MUST(strlen(text) == CLOCK_TEXT - 1);
	MUST(strncmp(text, day, CLOCK_DAY - 1) == 0);
	MUST(clock_parse(text, &again) == 0);
	/* Years of other than four digits become the nearest. */
	MUST(again == ms || ms < YEAR_0000 || ms > YEAR_9999);
	MUST(clock_from_timespec(clock_to_timespec(ms)) == ms);
}

static void
check_duration(int64_t ms)
{
	char	 text[32];
	int64_t	 again;

	MUST(ms >= 0);
	clock_format_duration(ms, text);
	MUST(clock_parse_duration(text, &again) == 0 && again == ms);
	clock_format_age(ms, text);
	MUST(clock_parse_duration(text, &again) == 0 && again <= ms);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*text = fuzz_text(data, size);
	int64_t	 ms, when;

	if (clock_parse(text, &ms) == 0) {
		check_time(ms);
		MUST(clock_parse_when(text, NOW, &when) == 0 && when == ms);
	}
	if (clock_parse_when(text, NOW, &when) == 0)
		check_time(when);
	if (clock_parse_duration(text, &ms) == 0)
		check_duration(ms);
	if (size >= sizeof(ms)) {
		memcpy(&ms, data, sizeof(ms));
		check_time(ms % (YEAR_9999 + 1));
	}
	free(text);
	return 0;
}
