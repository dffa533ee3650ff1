/*
 * api_test - whether a service can be reached, and takes the credentials
 *
 * A question that sends no mail shows the way there, TLS, the credentials and
 * the clock; a mail follows only where one is asked for.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/clock.h"

#include "workers/email/api.h"
#include "workers/email/test.h"

static const struct api *
api_of(const struct trial *trial)
{
	const struct config *config = trial->config;

	return config->service->api;
}

/* --- the end -------------------------------------------------------------- */

/* Ends it by an answer; `words`, if any, instead of what that says. */
static void
test_end(struct trial *trial, const struct http_answer *answer,
    enum error error, const char *words)
{
	const struct synthetic *test = trial->state;
	struct link_record outcome, record;
	struct verdict_text said;
	size_t length;

	link_init(&outcome, LINK_outcome);
	api_verdict(&test->call, answer, "", &outcome, &said);
	length = strlen(said.reason);
	if (outcome.outcome.error == ERROR_AUTHENTICATION_FAILED)
		(void)snprintf(said.reason + length, sizeof(said.reason) -
		    length, "; give another %s with spooldest update",
		    api_of(trial)->credentials);
	link_init(&record, LINK_tested);
	record.tested.error = words != NULL ? (int32_t)error :
	    outcome.outcome.error;
	record.tested.code = answer->status;
	record.text[TESTED_reason] = words != NULL ? words : said.reason;
	trial_end(trial, &record);
	buf_free(&said.remote);
}

/* --- the mail ------------------------------------------------------------- */

static void
mail_done(void *arg, const struct http_answer *answer)
{
	struct trial *trial = arg;
	const struct synthetic *test = trial->state;
	int64_t now = clock_monotonic() - trial->started;
	struct link_record outcome;
	struct verdict_text said;

	link_init(&outcome, LINK_outcome);
	api_verdict(&test->call, answer, "", &outcome, &said);
	trial_step(trial, STEP_deliver,
	    outcome.outcome.verdict == VERDICT_delivered, test->begun, now);
	if (said.reference[0] != '\0')
		trial_says(trial, STEP_deliver, "it calls the mail %s",
		    said.reference);
	buf_free(&said.remote);
	test_end(trial, answer, ERROR_NONE, NULL);
}

static int
mail_compose(struct trial *trial, struct why *why)
{
	struct synthetic *test = trial->state;
	const struct config *config = trial->config;
	struct message message = { 0 };
	struct buf id = { 0 };
	struct api_mail mail = { .config = config, .message = &message };
	int result;

	message_render_test(&message, &trial->facts.id,
	    courier_organization(trial->courier));
	message_id(&id, config, message.id,
	    courier_organization(trial->courier));
	mail.message_id = id.data;
	(void)snprintf(test->call.key, sizeof(test->call.key), "%s.test",
	    message.id);
	result = api_of(trial)->compose(&mail, &test->body, why);
	message_free(&message);
	buf_free(&id);
	return result;
}

static void
mail_start(struct trial *trial)
{
	struct synthetic *test = trial->state;
	struct why why;

	test->begun = clock_monotonic() - trial->started;
	if (mail_compose(trial, &why) == 0) {
		test->call.method = "POST";
		test->call.path = api_of(trial)->path;
		test->call.body = &test->body;
		test->call.done = mail_done;
		api_digest(&test->call);
		if (api_start(&test->call, &why) == 0)
			return;
	}
	trial_fail(trial, &why);
}

/* --- the question --------------------------------------------------------- */

/* True if the answer shows that the credentials are good. */
static bool
is_good(const struct trial *trial, const struct http_answer *answer)
{
	const struct synthetic *test = trial->state;
	const struct api *api = api_of(trial);
	struct link_record outcome;
	struct verdict_text said;
	bool known;

	if (answer->status / 100 == 2)
		return true;
	if (api->test_error != NULL)
		return api_is(&test->call, answer, api->test_error);
	/* Nobody has to know the question where it is only a HEAD. */
	link_init(&outcome, LINK_outcome);
	api_verdict(&test->call, answer, "", &outcome, &said);
	known = outcome.outcome.error != ERROR_AUTHENTICATION_FAILED;
	buf_free(&said.remote);
	return known && answer->status != 0 &&
	    strcmp(api->test_method, "HEAD") == 0;
}

/* What a good answer says is wrong, or a clock: -1 with *why; 0: nothing. */
static int
find_fault(struct trial *trial, const struct http_answer *answer,
    struct why *why)
{
	const struct api *api = api_of(trial);
	struct json *json = NULL;
	const char *fault = NULL;

	if (api->signs && trial_clock_differs(trial, answer, why))
		return -1;
	if (api->test_said == NULL || answer->status / 100 != 2)
		return 0;
	if (answer->body.len > 0)
		json = json_parse(answer->body.data, answer->body.len, why);
	fault = api->test_said(json);
	json_free(&json);
	return fault == NULL ? 0 : why_set(why, ERROR_CONFIG_ERROR, "%s",
	    fault);
}

static void
question_done(void *arg, const struct http_answer *answer)
{
	struct trial *trial = arg;
	const struct config *config = trial->config;
	int64_t now = clock_monotonic() - trial->started;
	bool good = answer->status != 0 && is_good(trial, answer);
	struct why why;
	int fault;

	if (!trial_http_steps(trial, answer, strncasecmp(config->endpoint,
	    "https:", strlen("https:")) == 0)) {
		test_end(trial, answer, ERROR_NONE, NULL);
		return;
	}
	fault = good ? find_fault(trial, answer, &why) : 0;
	trial_step(trial, STEP_authenticate, good && fault == 0,
	    answer->secured != -1 ? answer->secured : answer->connected, now);
	if (!good)
		test_end(trial, answer, ERROR_NONE, NULL);
	else if (fault == -1)
		test_end(trial, answer, why.code, why.text);
	else if (trial->facts.test == TEST_reach)
		test_end(trial, answer, ERROR_NONE, "");
	else
		mail_start(trial);
}

void
api_test(struct trial *trial)
{
	struct synthetic *test = trial->state;
	struct api_call *call = &test->call;
	struct why why;

	call->courier = trial->courier;
	call->config = trial->config;
	call->method = api_of(trial)->test_method;
	call->path = api_of(trial)->test_path;
	call->timeout = trial->facts.timeout;
	call->fresh = true;
	call->done = question_done;
	call->arg = trial;
	api_digest(call);
	if (api_start(call, &why) == -1)
		trial_fail(trial, &why);
}
