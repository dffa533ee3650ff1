/*
 * cloud_test - tries a store: a small object is written, and removed again
 *
 * A server that knows conditions has to refuse the second writing; one that
 * takes it in silence would let a ticket replace what it must not.
 */
#include <string.h>
#include <strings.h>

#include "lib/clock.h"

#include "workers/storage/provider.h"

static void	 step_start(struct trial *);

static const char text[] = "{\"test\":true}\n";

void
cloud_trial_close(struct trial *trial)
{
	struct cloud_trial *test = trial->state;

	buf_free(&test->key);
	buf_free(&test->query);
}

/* --- the end -------------------------------------------------------------- */

/* Ends it by an answer; `words`, if any, instead of what that says. */
static void
test_end(struct trial *trial, const struct http_answer *answer,
    enum error error, const char *words)
{
	const struct cloud_trial *test = trial->state;
	struct link_record outcome, record;
	struct verdict_text said;

	link_init(&outcome, LINK_outcome);
	answer_verdict(&test->call, answer, "", &outcome, &said);
	link_init(&record, LINK_tested);
	record.tested.error = words != NULL ? (int32_t)error :
	    outcome.outcome.error;
	record.tested.code = answer->status;
	record.text[TESTED_reason] = words != NULL ? words : said.reason;
	trial_end(trial, &record);
	buf_free(&said.remote);
}

/* True if the credentials were taken, whatever else is wrong. */
static bool
is_known(const struct cloud_trial *test, const struct http_answer *answer)
{
	struct link_record outcome;
	struct verdict_text said;
	bool refused;

	link_init(&outcome, LINK_outcome);
	answer_verdict(&test->call, answer, "", &outcome, &said);
	refused = outcome.outcome.error == ERROR_AUTHENTICATION_FAILED &&
	    (answer_flags(&test->call, answer) & CODE_KNOWN) == 0;
	buf_free(&said.remote);
	return answer_is_providers(&test->call, answer) && !refused;
}

/* --- the steps ------------------------------------------------------------ */

static bool
is_overwriting(const struct trial *trial)
{
	const struct config *config = trial->config;

	return config->overwrite;
}

/* The first writing shows how far one comes. */
static void
put_done(struct trial *trial, const struct http_answer *answer)
{
	struct cloud_trial *test = trial->state;
	const struct config *config = trial->config;
	int64_t now = clock_monotonic() - trial->started;
	bool known = is_known(test, answer);
	bool good = answer_is_good(&test->call, answer);

	if (trial_http_steps(trial, answer, strncasecmp(
	    config->provider->cloud->endpoint(config), "https:", 6) == 0)) {
		trial_step(trial, STEP_authenticate, known,
		    answer->secured != -1 ? answer->secured :
		    answer->connected, now);
		if (known)
			trial_step(trial, STEP_write, good, now, now);
	}
	if (!good) {
		test_end(trial, answer, ERROR_NONE, NULL);
		return;
	}
	test->begun = now;
	test->step = is_overwriting(trial) ? TRIAL_delete : TRIAL_again;
	step_start(trial);
}

/* What was answered to the second writing decides, once all is removed. */
static void
again_done(struct trial *trial, const struct http_answer *answer)
{
	struct cloud_trial *test = trial->state;

	if (answer_is_good(&test->call, answer))
		trial_step(trial, STEP_write, false, test->begun,
		    clock_monotonic() - trial->started);
	test->step = TRIAL_delete;
	step_start(trial);
}

static void
delete_done(struct trial *trial, const struct http_answer *answer)
{
	struct cloud_trial *test = trial->state;
	int64_t now = clock_monotonic() - trial->started;
	struct why why;

	if (!answer_is_good(&test->call, answer)) {
		trial_step(trial, STEP_write, false, test->begun, now);
		test_end(trial, answer, ERROR_NONE, NULL);
		return;
	}
	if (trial->steps.step[STEP_write] == STEP_FAILED) {
		test_end(trial, answer, ERROR_CONFIG_ERROR, "it ignores "
		    "If-None-Match, and replaces what is there: only a "
		    "destination that says overwrite can use it");
		return;
	}
	if (trial_clock_differs(trial, answer, &why)) {
		test_end(trial, answer, why.code, why.text);
		return;
	}
	trial_says(trial, STEP_write, "an object was written and removed");
	trial_step(trial, STEP_write, true, test->begun, now);
	test_end(trial, answer, ERROR_NONE, "");
}

static const struct {
	const char	*content;	/* what is written */
	void		(*done)(struct trial *, const struct http_answer *);
} steps[] = {
	[TRIAL_put] = { text, put_done },
	[TRIAL_again] = { text, again_done },
	[TRIAL_delete] = { NULL, delete_done },
};

static void
step_done(void *arg, const struct http_answer *answer)
{
	struct trial *trial = arg;
	const struct cloud_trial *test = trial->state;

	steps[test->step].done(trial, answer);
}

static void
step_start(struct trial *trial)
{
	struct cloud_trial *test = trial->state;
	struct call *call = &test->call;
	const struct cloud *cloud = call->config->provider->cloud;
	const char *content = steps[test->step].content;
	struct headers headers = { 0 };
	struct why why;

	buf_clear(&test->query);
	buf_str(&test->query, "");
	call_body(call, content, content != NULL ? strlen(content) : 0);
	if (cloud->trial(call, test->step, &test->query, &headers,
	    &why) == -1) {
		headers_free(&headers);
		trial_fail(trial, &why);
		return;
	}
	call->headers = headers;
	call->query = test->query.data;
	if (call_start(call, &why) == -1)
		trial_fail(trial, &why);
}

void
cloud_test(struct trial *trial)
{
	struct cloud_trial *test = trial->state;
	struct call *call = &test->call;
	char id[ID_LENGTH + 1];

	id_format(&trial->facts.id, id);
	buf_printf(&test->key, ".spoold.test.%s", id);
	call->courier = trial->courier;
	call->config = trial->config;
	call->key = test->key.data;
	call->timeout = trial->facts.timeout;
	call->fresh = true;
	call->done = step_done;
	call->arg = trial;
	test->step = TRIAL_put;
	step_start(trial);
}
