/*
 * facts - a ticket's first line, or the journal's `accepted` line
 */
#include "tests/fuzz/facts_again.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct facts	 facts;
	struct json	*json;
	struct why	 why;

	json = json_parse((const char *)data, size, &why);
	if (json == NULL)
		return 0;
	if (facts_read(json, &facts, &why) == 0) {
		MUST(facts.name != NULL && facts.submitter != NULL);
		MUST(facts.job.destinations != NULL);
		facts_again(&facts);
		facts_free(&facts);
	}
	json_free(&json);
	return 0;
}
