/*
 * published - a download link's file, damaged in any way
 *
 * What was read of it is written and read as the same.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/published.h"

static void
write_all(struct buf *out, const struct published *p,
    const struct published_state *state)
{
	published_write_state(out, state);
	json_open(out, NULL, '{');
	published_write(out, p);
	json_close(out, '}');
	buf_char(out, '\n');
}

static void
check_again(const struct published *p, const struct published_state *state)
{
	struct buf		 once = { 0 }, twice = { 0 };
	struct published	 again;
	struct published_state	 then;
	struct why		 why;

	write_all(&once, p, state);
	MUST(published_read_file(once.data, once.len, &again, &then,
	    &why) == 0);
	write_all(&twice, &again, &then);
	MUST(fuzz_same(&once, &twice));
	published_free(&again);
	buf_free(&once);
	buf_free(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct published_state	 state;
	struct published	 p;
	struct buf		 text = { 0 };
	struct why		 why;

	buf_add(&text, data, size);
	buf_str(&text, "");
	if (published_read_file(text.data, text.len, &p, &state, &why) == 0) {
		MUST(p.length >= 0 && p.offset >= 0 && state.fetches >= 0);
		check_again(&p, &state);
		published_free(&p);
	}
	buf_free(&text);
	return 0;
}
