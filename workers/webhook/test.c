/*
 * test - one request to a destination that is no delivery
 *
 * Without a synthetic delivery the request is a HEAD with the destination's
 * headers: no receiver may take that for one, and it shows whether credentials
 * are refused.  What it answers otherwise says nothing about deliveries, for
 * few receivers know HEAD.
 */
#include <strings.h>

#include "lib/clock.h"
#include "lib/json.h"

#include "workers/common/headers.h"
#include "workers/webhook/config.h"
#include "workers/webhook/delivery.h"
#include "workers/webhook/test.h"

void
test_close(struct trial *trial)
{
	struct synthetic *test = trial->state;

	buf_free(&test->body);
}

/* --- the answer ----------------------------------------------------------- */

static void
test_done(void *arg, const struct http_answer *answer)
{
	struct trial *trial = arg;
	const struct config *config = trial->config;
	const struct verdict_rules rules = { .success = config->success,
		.permanent = "" };
	int64_t secured = answer->secured, now;
	struct link_record outcome, record;
	struct verdict_text text;
	struct why why;
	bool known;

	link_init(&outcome, LINK_outcome);
	verdict(answer, &rules, &outcome, &text);
	link_init(&record, LINK_tested);
	record.tested.error = outcome.outcome.error;
	record.tested.code = answer->status;
	known = answer->status != 0 &&
	    outcome.outcome.error != ERROR_AUTHENTICATION_FAILED;
	now = clock_monotonic() - trial->started;
	if (trial_http_steps(trial, answer,
	    strncasecmp(config->url, "https:", 6) == 0)) {
		trial_step(trial, STEP_authenticate, known,
		    secured != -1 ? secured : answer->connected, now);
		if (known && trial->facts.test != TEST_reach)
			trial_step(trial, STEP_deliver,
			    outcome.outcome.verdict == VERDICT_delivered, now,
			    now);
	}
	/* A receiver need not know HEAD. */
	if (trial->facts.test == TEST_reach && known)
		record.tested.error = ERROR_NONE;
	record.text[TESTED_reason] = text.reason;
	if (known && (config->standard || config->x_webhook) &&
	    trial_clock_differs(trial, answer, &why)) {
		record.tested.error = (int32_t)why.code;
		record.text[TESTED_reason] = why.text;
	}
	trial_end(trial, &record);
	buf_free(&text.remote);
}

/* --- the request ---------------------------------------------------------- */

static void
test_moved(void *arg, int64_t sent)
{
	(void)arg;
	(void)sent;
}

/* An envelope like that of a job, which says that it is none. */
static void
test_compose(struct trial *trial, const char *id)
{
	struct synthetic *test = trial->state;
	struct buf *out = &test->body;

	json_open(out, NULL, '{');
	json_put_string(out, "type", "custom");
	json_put_time(out, "timestamp", clock_wall());
	json_put_string(out, "deliveryId", id);
	json_put_string(out, "organizationId",
	    courier_organization(trial->courier));
	json_open(out, "data", '{');
	json_put_boolean(out, "test", true);
	json_close(out, '}');
	json_close(out, '}');
}

/* Signed by the current secret alone, where that is what is to be shown. */
static int
test_sign(struct trial *trial, const char *id, struct headers *headers,
    struct why *why)
{
	size_t count = trial->facts.test == TEST_drill ? 1 :
	    SIGNING_SECRETS_MAX;
	const struct webhook *webhook = courier_own(trial->courier);
	const struct synthetic *test = trial->state;
	struct signature *signature = signature_new(webhook->signer,
	    trial->config, count, id, why);
	int result;

	if (signature == NULL)
		return -1;
	result = signature_update(signature, test->body.data,
	    test->body.len, why);
	if (result == 0)
		result = signature_headers(signature, headers, why);
	signature_free(&signature);
	return result;
}

static int
test_headers(struct trial *trial, struct headers *headers, struct why *why)
{
	char id[ID_LENGTH + 1];

	id_format(&trial->facts.id, id);
	if (headers_set(headers, "User-Agent",
	    courier_user_agent(trial->courier), why) == -1)
		return -1;
	if (trial->facts.test == TEST_reach)
		return config_headers(trial->config, headers, why);
	test_compose(trial, id);
	if (headers_set(headers, "Content-Type", "application/json",
	    why) == -1 ||
	    headers_set(headers, "Idempotency-Key", id, why) == -1 ||
	    headers_set(headers, "X-Idempotency-Key", id, why) == -1 ||
	    config_headers(trial->config, headers, why) == -1)
		return -1;
	return test_sign(trial, id, headers, why);
}

static int
test_request(struct trial *trial, struct why *why)
{
	const struct config *config = trial->config;
	const struct synthetic *test = trial->state;
	struct http_request request = {
		.url = config->url,
		.method = config->method,
		.timeout = trial->facts.timeout,
		.head = trial->facts.test == TEST_reach,
		.fresh = true,
		.tls = config->tls,
		.proxy = config->proxy,
		.moved = test_moved,
		.done = test_done,
		.arg = trial,
	};
	struct headers headers = { 0 };
	int result;

	result = test_headers(trial, &headers, why);
	if (result == 0) {
		request.headers = headers.list;
		request.header_count = headers.count;
		request.bytes = test->body.data;
		request.length = (int64_t)test->body.len;
		result = http_start(courier_http(trial->courier), &request,
		    why);
	}
	headers_free(&headers);
	return result;
}

void
test_start(struct trial *trial)
{
	struct why why;

	if (test_request(trial, &why) == -1)
		trial_fail(trial, &why);
}
