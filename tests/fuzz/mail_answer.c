/*
 * mail_answer - what an API that takes mail answers
 *
 * The input is a status of two bytes, a byte of flags, then lines (the headers
 * of the answer that matter) and the body.  Whatever it is, the outcome is a
 * record that spoold takes, delivered only where the status is the success, all
 * was sent and the mail has an id, and no wait is longer than a day.
 */
#include "tests/fuzz/fuzz.h"
#include "workers/email/api.h"

#define ALL_SENT 1
#define WITH_ID 2	/* a mail that was taken has an id */
#define SIGNED 4	/* so clocks matter */
#define WITH_TABLE 8	/* of errors */
#define DAY_MS (24 * 3600 * 1000LL)
#define HEAD 3		/* bytes before the first line */

static const struct api_error errors[] = {
	{ 400, "MessageRejected", "Email address", API_CONFIG, "verify it" },
	{ 0, "AccessDenied", NULL, API_AUTH, "may not" },
	{ 401, NULL, "Maximum credits", API_SLOWER, "used up" },
	{ 409, "invalid", NULL, VERDICT_failed, ERROR_CONFLICT, 0, "twice" },
};

/* Takes a line, as much as fits; what follows it. */
static const uint8_t *
take_line(const uint8_t *data, const uint8_t *end, char out[API_SAID_MAX])
{
	size_t	 n = 0;

	for (; data < end && *data != '\n'; data++)
		if (*data != '\0' && n + 1 < API_SAID_MAX)
			out[n++] = (char)*data;
	out[n] = '\0';
	return data < end ? data + 1 : end;
}

static void
check(const struct http_answer *answer, const struct api *api,
    const struct link_record *record)
{
	const struct link_outcome	*outcome = &record->outcome;
	const char			*reference =
	    record->text[OUTCOME_reference];

	MUST((outcome->verdict == VERDICT_delivered) ==
	    (outcome->error == ERROR_NONE));
	if (outcome->verdict == VERDICT_delivered)
		MUST(answer->status == 200 && answer->all_sent &&
		    (api->id == NULL || answer->body.len > 0));
	if (answer->status != 200 && outcome->verdict == VERDICT_failed)
		MUST(answer->status >= 400);
	if (outcome->error == ERROR_AUTHENTICATION_FAILED ||
	    outcome->error == ERROR_CONFIG_ERROR)
		MUST(outcome->verdict == VERDICT_deferred);
	MUST(outcome->retry_after >= 0 && outcome->retry_after <= DAY_MS);
	MUST(outcome->verdict == VERDICT_delivered ||
	    record->text[OUTCOME_reason][0] != '\0');
	for (const char *p = reference; *p != '\0'; p++)
		MUST(*p >= ' ' && *p <= '~');
	for (const char *p = record->text[OUTCOME_remote]; p != NULL &&
	    *p != '\0'; p++)
		MUST((unsigned char)*p >= ' ');
}

static const uint8_t *
take_headers(const uint8_t *data, const uint8_t *end, struct api_said *said)
{
	data = take_line(data, end, said->error_type);
	data = take_line(data, end, said->message_id);
	data = take_line(data, end, said->reset_at);
	return take_line(data, end, said->reset_in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_answer	 answer = { .peer = "192.0.2.1:443" };
	struct api		 api = { .success = "200",
		.credentials = "apiKey" };
	struct service		 service = { .name = "x", .api = &api };
	struct config		 config = { .service = &service };
	struct api_call		 call = { .config = &config };
	struct link_record	 record;
	struct verdict_text	 text;
	char			 date[API_SAID_MAX];
	const uint8_t		*end;

	if (size < HEAD)
		return 0;
	end = data + size;
	answer.status = (data[0] << 8 | data[1]) % 1000;
	answer.all_sent = (data[2] & ALL_SENT) != 0;
	api.id = (data[2] & WITH_ID) != 0 ? "id" : NULL;
	api.signs = (data[2] & SIGNED) != 0;
	if ((data[2] & WITH_TABLE) != 0) {
		api.errors = errors;
		api.error_count = sizeof(errors) / sizeof(*errors);
	}
	/* Where no status came there is a reason. */
	if (answer.status == 0) {
		answer.error = (enum error)(1 + data[2] % (ERROR_COUNT - 1));
		(void)snprintf(answer.words, sizeof(answer.words), "gone");
	}
	data = take_headers(data + HEAD, end, &call.said);
	data = take_line(data, end, date);
	(void)strlcpy(answer.date, date, sizeof(answer.date));
	buf_add(&answer.body, data, (size_t)(end - data));
	link_init(&record, LINK_outcome);
	api_verdict(&call, &answer, "400\n404\n413\n422\n", &record, &text);
	check(&answer, &api, &record);
	(void)api_is(&call, &answer, "AccessDenied");
	buf_free(&text.remote);
	buf_free(&answer.body);
	return 0;
}
