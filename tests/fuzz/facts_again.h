/*
 * facts_again.h - facts that are written are read as the same
 */
#ifndef TESTS_FUZZ_FACTS_AGAIN_H
#define TESTS_FUZZ_FACTS_AGAIN_H

#include "lib/facts.h"
#include "tests/fuzz/fuzz.h"

/* Appends a ticket's first line, without its newline. */
static inline void
facts_line(struct buf *out, const struct facts *facts)
{
	char	 id[ID_LENGTH + 1];

	id_format(&facts->id, id);
	json_open(out, NULL, '{');
	json_put_string(out, "id", id);
	facts_write(out, facts);
	json_close(out, '}');
}

static inline void
facts_again(const struct facts *facts)
{
	struct buf	 once = { 0 }, twice = { 0 };
	struct facts	 again;
	struct json	*json;
	struct why	 why;

	/* 0 is no time, and written as none: nothing was accepted in 1970. */
	if (facts->accepted_at == 0)
		return;
	facts_line(&once, facts);
	json = json_parse(once.data, once.len, &why);
	MUST(json != NULL);
	MUST(facts_read(json, &again, &why) == 0);
	facts_line(&twice, &again);
	MUST(fuzz_same(&once, &twice));
	facts_free(&again);
	json_free(&json);
	buf_free(&once);
	buf_free(&twice);
}

#endif
