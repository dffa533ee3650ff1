/*
 * attempt - one ticket on its way to its destination
 *
 * Every attempt ends in attempt_answer(), once: it says what became of it and
 * frees it.  While it is prepared it says once a second that it goes on, for
 * spoold takes silence for death.
 */
#include <openssl/rand.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/webhook/attempt.h"
#include "workers/webhook/body.h"
#include "workers/webhook/headers.h"
#include "workers/webhook/verdict.h"

#define SLICE (2 * 1024 * 1024)	/* bytes of one attempt between two looks */
#define PROGRESS_EVERY 1000	/* ms */
#define TRACE_BYTES 16		/* of the ids in a traceparent */
#define SPAN_BYTES 8
#define DEFAULT_TYPE "application/octet-stream"

enum pass { PASS_CHECK, PASS_SIGN, PASSES };

struct attempt {
	TAILQ_ENTRY(attempt) entry;	/* of those being prepared */
	struct courier	*courier;	/* borrowed */
	struct link_attempt facts;
	char		*text[ATTEMPT_texts];	/* own; but the config */
	int		 job, payload;	/* own */
	struct config	*config;	/* held */
	struct body	 body;
	char		*bytes;		/* own; the body, if it is small */
	struct signature *signature;	/* own; until the headers are made */
	enum pass	 pass;
	int64_t		 started;	/* monotonic ms */
	int64_t		 told;
	struct why	 broken;	/* why the request was stopped */
};

/* --- ends ----------------------------------------------------------------- */

/* The signature is made, or needed no longer. */
static void
attempt_signed(struct attempt *attempt)
{
	signature_free(&attempt->signature);
	if (attempt->courier->collector == attempt)
		attempt->courier->collector = NULL;
}

static void
attempt_free(struct attempt *attempt)
{
	attempt->courier->attempts--;
	attempt_signed(attempt);
	body_close(&attempt->body);
	free(attempt->bytes);
	if (attempt->config != NULL)
		config_release(attempt->config);
	for (int i = 0; i < ATTEMPT_texts; i++)
		free(attempt->text[i]);
	(void)close(attempt->job);
	if (attempt->payload != -1)
		(void)close(attempt->payload);
	free(attempt);
}

static void
attempt_answer(struct attempt *attempt, struct link_record *record)
{
	record->outcome.token = attempt->facts.token;
	record->outcome.ms = clock_monotonic() - attempt->started;
	skeleton_send(&attempt->courier->skeleton, record);
	attempt_free(attempt);
}

/*
 * It ends by something on this side.  Only what no further attempt can mend is
 * permanent: the job does not fit the destination, or is another one by now.
 */
static void
attempt_fail(struct attempt *attempt, const struct why *why)
{
	struct link_record record;
	bool permanent = why->code == ERROR_VALIDATION_ERROR ||
	    why->code == ERROR_PAYLOAD_CHANGED;

	link_init(&record, LINK_outcome);
	record.outcome.verdict = permanent ? VERDICT_failed :
	    VERDICT_deferred;
	record.outcome.error = (int32_t)why->code;
	record.text[OUTCOME_reason] = why->text;
	attempt_answer(attempt, &record);
}

/* --- the request ---------------------------------------------------------- */

static int64_t
request_read(void *arg, char *out, size_t room)
{
	struct attempt *attempt = arg;

	return body_read(&attempt->body, out, room, &attempt->broken);
}

static void
request_moved(void *arg, int64_t sent)
{
	struct attempt *attempt = arg;
	struct link_record record;

	link_init(&record, LINK_progress);
	record.progress.token = attempt->facts.token;
	record.progress.bytes = sent;
	skeleton_send(&attempt->courier->skeleton, &record);
}

static void
request_done(void *arg, const struct http_answer *answer)
{
	struct attempt *attempt = arg;
	struct verdict_text text;
	struct link_record record;
	struct verdict_rules rules = { attempt->config->success,
	    attempt->courier->permanent };

	if (answer->stopped) {
		attempt_fail(attempt, &attempt->broken);
		return;
	}
	link_init(&record, LINK_outcome);
	verdict(answer, &rules, &record, &text);
	attempt_answer(attempt, &record);
	buf_free(&text.remote);
}

static char *
put_hex(char *out, const unsigned char *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	return out;
}

/* The sender's trace goes on; where there is none a new one begins here. */
static int
set_traceparent(struct headers *headers, const char *trace, struct why *why)
{
	unsigned char id[TRACE_BYTES + SPAN_BYTES];
	char text[] = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-00";
	char *end;

	if (trace[0] != '\0')
		return headers_set(headers, "traceparent", trace, why);
	if (RAND_bytes(id, sizeof(id)) != 1)
		return 0;	/* a trace is no reason to fail */
	id[0] |= 1;
	id[TRACE_BYTES] |= 1;	/* neither id may be all zero */
	end = put_hex(text + 3, id, TRACE_BYTES);
	(void)put_hex(end + 1, id + TRACE_BYTES, SPAN_BYTES);
	return headers_set(headers, "traceparent", text, why);
}

/* What describes the body. */
static int
set_content(struct headers *headers, const struct attempt *attempt,
    struct why *why)
{
	const char *type = attempt->text[ATTEMPT_content_type];

	if (!attempt->facts.has_file)
		return headers_set(headers, "Content-Type", "application/json",
		    why);
	if (headers_set(headers, "Content-Type", type[0] != '\0' ? type :
	    DEFAULT_TYPE, why) == -1)
		return -1;
	return attempt->body.header.len == 0 ? 0 : headers_set(headers,
	    "X-Delivery-Metadata", attempt->body.header.data, why);
}

/* spoold's own, the destination's in their place, the signature over all. */
static int
set_headers(struct headers *headers, const struct attempt *attempt,
    struct why *why)
{
	const char *key = attempt->text[ATTEMPT_key];
	char id[ID_LENGTH + 1];

	id_format(&attempt->facts.id, id);
	if (key[0] == '\0')
		key = id;
	if (headers_set(headers, "User-Agent", attempt->courier->user_agent,
	    why) == -1 ||
	    headers_set(headers, "Idempotency-Key", key, why) == -1 ||
	    headers_set(headers, "X-Idempotency-Key", key, why) == -1 ||
	    set_traceparent(headers, attempt->text[ATTEMPT_traceparent],
	    why) == -1 ||
	    set_content(headers, attempt, why) == -1 ||
	    headers_of(headers, attempt->config, why) == -1)
		return -1;
	return signature_headers(attempt->signature, headers, why);
}

static void
attempt_request(struct attempt *attempt)
{
	const struct config *config = attempt->config;
	struct http_request request = {
		.url = config->url,
		.method = config->method,
		.length = attempt->body.length,
		.timeout = attempt->facts.timeout,
		.tls = config->tls,
		.proxy = config->proxy,
		.bytes = attempt->bytes,
		.read = request_read,
		.moved = request_moved,
		.done = request_done,
		.arg = attempt,
	};
	struct headers headers = { 0 };
	struct why why;
	int result;

	result = set_headers(&headers, attempt, &why);
	attempt_signed(attempt);
	if (result == 0) {
		if (attempt->bytes == NULL)
			body_rewind(&attempt->body);
		request.headers = headers.list;
		request.header_count = headers.count;
		result = http_start(attempt->courier->http, &request, &why);
	}
	headers_free(&headers);
	if (result == -1)
		attempt_fail(attempt, &why);
}

/* --- before it ------------------------------------------------------------ */

/* Small enough to be read once, and sent in one piece with its headers. */
static bool
attempt_keeps(const struct attempt *attempt)
{
	return attempt->body.length > 0 && attempt->body.length <= ATTEMPT_KEPT;
}

/* What each pass does with the next piece: 1 at the end, 0, or -1 with *why. */
static int
check_piece(struct attempt *attempt, int64_t *done, struct why *why)
{
	int64_t before = attempt->body.at;
	int result = body_check(&attempt->body, attempt->courier->chunk,
	    ATTEMPT_CHUNK, why);

	*done = attempt->body.at - before;
	if (result == 1)
		body_rewind(&attempt->body);
	return result;
}

static int
sign_piece(struct attempt *attempt, int64_t *done, struct why *why)
{
	char *chunk = attempt->courier->chunk;

	*done = body_read(&attempt->body, chunk, ATTEMPT_CHUNK, why);
	if (*done <= 0)
		return *done == 0 ? 1 : -1;
	if (attempt_keeps(attempt)) {
		attempt->bytes = xmalloc((size_t)*done);
		memcpy(attempt->bytes, chunk, (size_t)*done);
	}
	return signature_update(attempt->signature, chunk, (size_t)*done,
	    why);
}

static int	(*const pieces[PASSES])(struct attempt *, int64_t *,
		    struct why *) = {
	[PASS_CHECK] = check_piece,
	[PASS_SIGN] = sign_piece,
};

/* What keeps its body in memory waits until no other does. */
static bool
attempt_waits(struct attempt *attempt)
{
	struct courier *courier = attempt->courier;

	if (attempt->pass != PASS_SIGN ||
	    !signature_collects(attempt->signature))
		return false;
	if (courier->collector == NULL)
		courier->collector = attempt;
	return courier->collector != attempt;
}

/* Up to a slice: 1 at the end of all passes, 0 if there is more, -1. */
static int
attempt_slice(struct attempt *attempt, struct why *why)
{
	int64_t slice = 0, done;
	int result;

	while (slice < SLICE && attempt->pass < PASSES) {
		if (attempt->pass == PASS_SIGN && !attempt_keeps(attempt) &&
		    !signature_wanted(attempt->signature))
			break;
		if (attempt_waits(attempt))
			return 0;
		result = pieces[attempt->pass](attempt, &done, why);
		if (result == -1)
			return -1;
		slice += done;
		if (result == 1)
			attempt->pass++;
	}
	return slice < SLICE ? 1 : 0;
}

bool
attempt_prepare(struct courier *courier)
{
	struct attempt *attempt, *next;
	int64_t now = clock_monotonic();
	struct why why;

	TAILQ_FOREACH_SAFE(attempt, &courier->preparing, entry, next) {
		int result = attempt_slice(attempt, &why);

		if (result == 0) {
			if (now - attempt->told >= PROGRESS_EVERY) {
				attempt->told = now;
				request_moved(attempt, 0);
			}
			continue;
		}
		TAILQ_REMOVE(&courier->preparing, attempt, entry);
		if (result == 1)
			attempt_request(attempt);
		else
			attempt_fail(attempt, &why);
	}
	return !TAILQ_EMPTY(&courier->preparing);
}

static struct attempt *
attempt_new(struct courier *courier, const struct link_record *record)
{
	struct attempt *attempt = xcalloc(1, sizeof(*attempt));

	attempt->courier = courier;
	attempt->facts = record->attempt;
	attempt->job = record->fd[0];
	attempt->payload = record->fd[1];
	attempt->started = attempt->told = clock_monotonic();
	for (int i = 0; i < ATTEMPT_texts; i++)
		if (i != ATTEMPT_config)
			attempt->text[i] = xstrdup(record->text[i]);
	courier->attempts++;
	return attempt;
}

void
attempt_take(struct courier *courier, const struct link_record *record)
{
	struct attempt *attempt = attempt_new(courier, record);
	char id[ID_LENGTH + 1];
	struct why why;

	id_format(&attempt->facts.id, id);
	attempt->config = config_hold(&courier->configs,
	    record->text[ATTEMPT_config], courier->tls_minimum, &why);
	if (attempt->config == NULL ||
	    body_open(&attempt->body, record, attempt->config,
	    courier->organization, &why) == -1 ||
	    (attempt->signature = signature_new(courier->signer,
	    attempt->config, SIGNING_SECRETS_MAX, id, &why)) == NULL) {
		attempt_fail(attempt, &why);
		return;
	}
	TAILQ_INSERT_TAIL(&courier->preparing, attempt, entry);
}
