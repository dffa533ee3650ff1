/*
 * test - one request to a destination that is no delivery
 *
 * Without a synthetic delivery the request is a HEAD with the destination's
 * headers: no receiver may take that for one, and it shows whether credentials
 * are refused.  What it answers otherwise says nothing about deliveries, for
 * few receivers know HEAD.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/xalloc.h"

#include "workers/webhook/headers.h"
#include "workers/webhook/test.h"
#include "workers/webhook/verdict.h"

struct trial {
	struct courier	*courier;	/* borrowed */
	struct link_test facts;
	struct config	*config;	/* held */
	struct buf	 body;		/* own; empty: HEAD */
	int64_t		 started;	/* monotonic ms */
};

static void
trial_free(struct trial *trial)
{
	trial->courier->attempts--;
	if (trial->config != NULL)
		config_release(trial->config);
	buf_free(&trial->body);
	free(trial);
}

static void
trial_answer(struct trial *trial, struct link_record *record)
{
	record->tested.token = trial->facts.token;
	record->tested.ms = clock_monotonic() - trial->started;
	skeleton_send(&trial->courier->skeleton, record);
	trial_free(trial);
}

/* Nothing was sent: something is wrong on this side. */
static void
trial_fail(struct trial *trial, const struct why *why)
{
	struct link_record record;

	link_init(&record, LINK_tested);
	record.tested.error = (int32_t)why->code;
	record.text[TESTED_reason] = why->text;
	trial_answer(trial, &record);
}

/* --- the answer ----------------------------------------------------------- */

/* A step that was made when the last had come to `from`. */
static void
step_made(struct link_tested *tested, enum step step, bool good, int64_t from,
    int64_t to)
{
	tested->step[step] = good ? STEP_OK : STEP_FAILED;
	tested->step_ms[step] = to > from ? to - from : 0;
}

/* The steps up to the first that failed. */
static void
trial_steps(const struct trial *trial, const struct http_answer *answer,
    bool accepted, struct link_tested *tested)
{
	bool secure = strncasecmp(trial->config->url, "https:", 6) == 0;
	int64_t now = clock_monotonic() - trial->started;
	int64_t resolved = answer->resolved, connected = answer->connected;
	int64_t secured = secure ? answer->secured : connected;
	bool known = answer->status != 0 &&
	    tested->error != ERROR_AUTHENTICATION_FAILED;

	step_made(tested, STEP_resolve, resolved != -1, 0,
	    resolved != -1 ? resolved : now);
	if (resolved == -1)
		return;
	step_made(tested, STEP_connect, connected != -1, resolved,
	    connected != -1 ? connected : now);
	if (connected == -1)
		return;
	if (secure)
		step_made(tested, STEP_tls, secured != -1, connected,
		    secured != -1 ? secured : now);
	if (secured == -1)
		return;
	step_made(tested, STEP_authenticate, known, secured, now);
	if (known && trial->facts.test != TEST_reach)
		step_made(tested, STEP_deliver, accepted, now, now);
}

static void
trial_done(void *arg, const struct http_answer *answer)
{
	struct trial *trial = arg;
	struct link_record outcome, record;
	struct verdict_rules rules = { trial->config->success, "" };
	struct verdict_text text;
	bool accepted;

	link_init(&outcome, LINK_outcome);
	verdict(answer, &rules, &outcome, &text);
	accepted = outcome.outcome.verdict == VERDICT_delivered;
	link_init(&record, LINK_tested);
	record.tested.error = outcome.outcome.error;
	record.tested.code = answer->status;
	trial_steps(trial, answer, accepted, &record.tested);
	/* A receiver need not know HEAD. */
	if (trial->facts.test == TEST_reach && answer->status != 0 &&
	    record.tested.error != ERROR_AUTHENTICATION_FAILED)
		record.tested.error = ERROR_NONE;
	record.text[TESTED_reason] = text.reason;
	record.text[TESTED_peer] = answer->peer;
	record.text[TESTED_tls] = answer->tls;
	record.text[TESTED_fingerprint] = answer->fingerprint;
	trial_answer(trial, &record);
	buf_free(&text.remote);
}

/* --- the request ---------------------------------------------------------- */

static void
trial_moved(void *arg, int64_t sent)
{
	(void)arg;
	(void)sent;
}

/* An envelope like that of a job, which says that it is none. */
static void
trial_compose(struct trial *trial, const char *id)
{
	struct buf *out = &trial->body;

	json_open(out, NULL, '{');
	json_put_string(out, "type", "custom");
	json_put_time(out, "timestamp", clock_wall());
	json_put_string(out, "deliveryId", id);
	json_put_string(out, "organizationId", trial->courier->organization);
	json_open(out, "data", '{');
	json_put_boolean(out, "test", true);
	json_close(out, '}');
	json_close(out, '}');
}

/* Signed by the current secret alone, where that is what is to be shown. */
static int
trial_sign(struct trial *trial, const char *id, struct headers *headers,
    struct why *why)
{
	size_t count = trial->facts.test == TEST_drill ? 1 :
	    SIGNING_SECRETS_MAX;
	struct signature *signature = signature_new(trial->courier->signer,
	    trial->config, count, id, why);
	int result;

	if (signature == NULL)
		return -1;
	result = signature_update(signature, trial->body.data,
	    trial->body.len, why);
	if (result == 0)
		result = signature_headers(signature, headers, why);
	signature_free(&signature);
	return result;
}

static int
trial_headers(struct trial *trial, struct headers *headers, struct why *why)
{
	char id[ID_LENGTH + 1];

	id_format(&trial->facts.id, id);
	if (headers_set(headers, "User-Agent", trial->courier->user_agent,
	    why) == -1)
		return -1;
	if (trial->facts.test == TEST_reach)
		return headers_of(headers, trial->config, why);
	trial_compose(trial, id);
	if (headers_set(headers, "Content-Type", "application/json",
	    why) == -1 ||
	    headers_set(headers, "Idempotency-Key", id, why) == -1 ||
	    headers_set(headers, "X-Idempotency-Key", id, why) == -1 ||
	    headers_of(headers, trial->config, why) == -1)
		return -1;
	return trial_sign(trial, id, headers, why);
}

static int
trial_start(struct trial *trial, struct why *why)
{
	const struct config *config = trial->config;
	struct http_request request = {
		.url = config->url,
		.method = config->method,
		.timeout = trial->facts.timeout,
		.head = trial->facts.test == TEST_reach,
		.fresh = true,
		.tls = config->tls,
		.proxy = config->proxy,
		.moved = trial_moved,
		.done = trial_done,
		.arg = trial,
	};
	struct headers headers = { 0 };
	int result;

	result = trial_headers(trial, &headers, why);
	if (result == 0) {
		request.headers = headers.list;
		request.header_count = headers.count;
		request.bytes = trial->body.data;
		request.length = (int64_t)trial->body.len;
		result = http_start(trial->courier->http, &request, why);
	}
	headers_free(&headers);
	return result;
}

void
test_take(struct courier *courier, const struct link_record *record)
{
	struct trial *trial = xcalloc(1, sizeof(*trial));
	struct why why;

	trial->courier = courier;
	trial->facts = record->test;
	trial->started = clock_monotonic();
	courier->attempts++;
	trial->config = config_hold(&courier->configs,
	    record->text[TEST_config], courier->tls_minimum, &why);
	if (trial->config == NULL || trial_start(trial, &why) == -1)
		trial_fail(trial, &why);
}
