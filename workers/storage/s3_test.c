/*
 * s3_test - tries a bucket: a small object is written, and removed again
 *
 * A server that knows If-None-Match has to refuse the second writing; one that
 * takes it in silence would let a ticket replace what it must not.
 */
#include <string.h>
#include <strings.h>

#include "lib/clock.h"

#include "workers/storage/provider.h"

#define SKEW_MAX 300		/* s; S3 takes 900 */

static void	 step_start(struct trial *);

enum { STEP_PUT, STEP_AGAIN, STEP_DELETE };

static const char text[] = "{\"test\":true}\n";

void
s3_trial_close(struct trial *trial)
{
	struct s3_trial *test = trial->state;

	buf_free(&test->key);
}

/* --- the end -------------------------------------------------------------- */

/* Ends it by an answer; `words`, if any, instead of what that says. */
static void
test_end(struct trial *trial, const struct http_answer *answer,
    enum error error, const char *words)
{
	const struct s3_trial *test = trial->state;
	struct link_record outcome, record;
	struct verdict_text said;

	link_init(&outcome, LINK_outcome);
	s3_verdict(&test->call, answer, "", &outcome, &said);
	link_init(&record, LINK_tested);
	record.tested.error = words != NULL ? (int32_t)error :
	    outcome.outcome.error;
	record.tested.code = answer->status;
	record.text[TESTED_reason] = words != NULL ? words : said.reason;
	trial_end(trial, &record);
	buf_free(&said.remote);
}

static bool
is_good(const struct http_answer *answer)
{
	return answer->status / 100 == 2;
}

/* True if the credentials were taken, whatever else is wrong. */
static bool
is_known(const struct s3_trial *test, const struct http_answer *answer)
{
	struct link_record outcome;
	struct verdict_text said;
	bool refused;

	link_init(&outcome, LINK_outcome);
	s3_verdict(&test->call, answer, "", &outcome, &said);
	refused = outcome.outcome.error == ERROR_AUTHENTICATION_FAILED &&
	    !s3_is(answer, "AccessDenied");
	buf_free(&said.remote);
	return answer->status != 0 && !refused;
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
	struct s3_trial *test = trial->state;
	const struct config *config = trial->config;
	int64_t now = clock_monotonic() - trial->started;
	int64_t ahead = s3_ahead(&test->call.said);
	bool known = is_known(test, answer), good = is_good(answer);

	if (trial_http_steps(trial, answer, strncasecmp(
	    config->s3.endpoint, "https:", 6) == 0)) {
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
	if (ahead > SKEW_MAX || ahead < -SKEW_MAX)
		trial_step(trial, STEP_authenticate, false, 0, now);
	test->begun = now;
	test->step = is_overwriting(trial) ? STEP_DELETE : STEP_AGAIN;
	step_start(trial);
}

/* What was answered to the second writing decides, once all is removed. */
static void
again_done(struct trial *trial, const struct http_answer *answer)
{
	struct s3_trial *test = trial->state;

	if (is_good(answer))
		trial_step(trial, STEP_write, false, test->begun,
		    clock_monotonic() - trial->started);
	test->step = STEP_DELETE;
	step_start(trial);
}

static void
delete_done(struct trial *trial, const struct http_answer *answer)
{
	struct s3_trial *test = trial->state;
	int64_t now = clock_monotonic() - trial->started;

	if (!is_good(answer)) {
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
	if (trial->steps.step[STEP_authenticate] == STEP_FAILED) {
		test_end(trial, answer, ERROR_CONFIG_ERROR, "this machine's "
		    "clock is more than five minutes from the server's");
		return;
	}
	trial_says(trial, STEP_write, "an object was written and removed");
	trial_step(trial, STEP_write, true, test->begun, now);
	if (trial->facts.test != TEST_reach)
		trial_step(trial, STEP_deliver, true, now, now);
	test_end(trial, answer, ERROR_NONE, "");
}

static const struct {
	const char	*method;
	const char	*content;	/* what is written */
	void		(*done)(struct trial *, const struct http_answer *);
} steps[] = {
	[STEP_PUT] = { "PUT", text, put_done },
	[STEP_AGAIN] = { "PUT", text, again_done },
	[STEP_DELETE] = { "DELETE", NULL, delete_done },
};

static void
step_done(void *arg, const struct http_answer *answer)
{
	struct trial *trial = arg;
	const struct s3_trial *test = trial->state;

	steps[test->step].done(trial, answer);
}

static void
step_start(struct trial *trial)
{
	struct s3_trial *test = trial->state;
	struct s3_call *call = &test->call;
	const char *content = steps[test->step].content;
	struct headers headers = { 0 };
	struct why why;

	s3_body(call, content, content != NULL ? strlen(content) : 0);
	call->method = steps[test->step].method;
	if (headers_set(&headers, "Content-Type", "application/json",
	    &why) == 0 && (test->step != STEP_AGAIN || headers_set(&headers,
	    "If-None-Match", "*", &why) == 0)) {
		call->headers = headers;
		if (s3_start(call, &why) == 0)
			return;
		headers = (struct headers){ 0 };
	}
	headers_free(&headers);
	trial_fail(trial, &why);
}

void
s3_test(struct trial *trial)
{
	struct s3_trial *test = trial->state;
	struct s3_call *call = &test->call;
	char id[ID_LENGTH + 1];

	id_format(&trial->facts.id, id);
	buf_printf(&test->key, ".spoold.test.%s", id);
	call->courier = trial->courier;
	call->config = trial->config;
	call->key = test->key.data;
	call->query = "";
	call->timeout = trial->facts.timeout;
	call->fresh = true;
	call->done = step_done;
	call->arg = trial;
	test->step = STEP_PUT;
	step_start(trial);
}
