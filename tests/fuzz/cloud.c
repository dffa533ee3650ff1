/*
 * cloud - what a store in a cloud answers
 *
 * The input is a byte that chooses the provider and what came before, a status
 * of two bytes, a line (the header with an error's code) and the body.
 * Whatever it is, nothing counts as delivered that names an error, and what is
 * said where tokens come from never ends a ticket.
 */
#include "tests/fuzz/fuzz.h"
#include "workers/storage/azure.h"
#include "workers/storage/gcs.h"
#include "workers/storage/provider.h"
#include "workers/storage/s3.h"

#define HEAD 3		/* bytes before the line */
#define DENIED 4	/* of the first: it was about a token */

static bool
s3_code(const struct call *call, const struct http_answer *answer, char *out,
    size_t size)
{
	(void)call;
	return answer_code_element(answer, out, size);
}

static const struct cloud	 clouds[] = {
	{ .codes = s3_codes, .code = s3_code },
	{ .codes = azure_codes, .code = azure_code },
	{ .codes = gcs_codes, .code = gcs_code },
};

static void
check_judged(const struct call *call, const struct http_answer *answer)
{
	const struct cloud	*cloud = call->config->provider->cloud;
	struct link_record	 record;
	struct verdict_text	 text;
	char			 code[CODE_MAX];
	bool			 named;

	named = cloud->code(call, answer, code, sizeof(code));
	MUST(!named || strlen(code) < sizeof(code));
	link_init(&record, LINK_outcome);
	answer_verdict(call, answer, "", &record, &text);
	if (record.outcome.verdict == VERDICT_delivered)
		MUST(answer->status / 100 == 2 && answer->all_sent &&
		    !call->denied);
	if (named || call->denied)
		MUST(record.outcome.verdict != VERDICT_delivered);
	if (call->denied)
		MUST(record.outcome.verdict == VERDICT_deferred);
	if (answer_is_good(call, answer))
		MUST(!named && !answer_is_taken(call, answer));
	MUST(strlen(text.reason) < sizeof(text.reason));
	buf_free(&text.remote);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct provider		 provider = { 0 };
	struct config		 config = { .provider = &provider };
	struct call		 call = { .config = &config };
	struct http_answer	 answer = { .peer = "192.0.2.1:443",
		.all_sent = true };
	size_t			 at = HEAD, length = 0;

	if (size < HEAD)
		return 0;
	provider.cloud = &clouds[(data[0] & 3) % 3];
	call.denied = (data[0] & DENIED) != 0;
	answer.status = (data[1] << 8 | data[2]) % 1000;
	if (answer.status == 0)
		answer.error = ERROR_TIMEOUT;
	for (; at < size && data[at] != '\n'; at++)
		if (length + 1 < sizeof(call.said.code))
			call.said.code[length++] = (char)data[at];
	if (at < size)
		at++;
	buf_add(&answer.body, data + at, size - at);
	check_judged(&call, &answer);
	buf_free(&answer.body);
	return 0;
}
