/*
 * delivery - a ticket on its way to a webhook
 */
#include <openssl/rand.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/xalloc.h"

#include "workers/common/headers.h"
#include "workers/webhook/delivery.h"

#define TRACE_BYTES 16		/* of the ids in a traceparent */
#define SPAN_BYTES 8

/* The signature is made, or needed no longer. */
static void
delivery_signed(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	struct webhook *webhook = courier_own(attempt->courier);

	signature_free(&delivery->signature);
	if (webhook->collector == attempt)
		webhook->collector = NULL;
}

void
delivery_close(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	delivery_signed(attempt);
	body_close(&delivery->body);
	free(delivery->bytes);
}

/* --- the request ---------------------------------------------------------- */

static int64_t
request_read(void *arg, char *out, size_t room)
{
	struct attempt *attempt = arg;
	struct delivery *delivery = attempt->state;

	return body_read(&delivery->body, out, room, &delivery->broken);
}

static void
request_moved(void *arg, int64_t sent)
{
	attempt_moved(arg, sent);
}

static void
request_done(void *arg, const struct http_answer *answer)
{
	struct attempt *attempt = arg;
	const struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;
	const struct verdict_rules rules = { .success = config->success,
		.permanent = courier_permanent(attempt->courier) };

	if (answer->stopped)
		attempt_fail(attempt, &delivery->broken);
	else
		attempt_answered(attempt, answer, &rules);
}

/* The sender's trace goes on; where there is none a new one begins here. */
static int
set_traceparent(struct headers *headers, const char *trace, struct why *why)
{
	unsigned char id[TRACE_BYTES + SPAN_BYTES];
	char parent[HEX_SIZE(TRACE_BYTES)], span[HEX_SIZE(SPAN_BYTES)];
	char text[sizeof("00---00") + sizeof(parent) + sizeof(span)];

	if (trace[0] != '\0')
		return headers_set(headers, "traceparent", trace, why);
	if (RAND_bytes(id, sizeof(id)) != 1)
		return 0;	/* a trace is no reason to fail */
	id[0] |= 1;
	id[TRACE_BYTES] |= 1;	/* neither id may be all zero */
	hex_format(id, TRACE_BYTES, parent);
	hex_format(id + TRACE_BYTES, SPAN_BYTES, span);
	(void)snprintf(text, sizeof(text), "00-%s-%s-00", parent, span);
	return headers_set(headers, "traceparent", text, why);
}

/* What describes the body. */
static int
set_content(struct headers *headers, const struct attempt *attempt,
    struct why *why)
{
	struct buf metadata = { 0 };
	int result;

	if (headers_set(headers, "Content-Type", attempt_type(attempt),
	    why) == -1)
		return -1;
	if (!attempt->parcel.has_file)
		return 0;
	result = body_header(&attempt->parcel, &metadata, why);
	if (result == 0 && metadata.len > 0)
		result = headers_set(headers, "X-Delivery-Metadata",
		    metadata.data, why);
	buf_free(&metadata);
	return result;
}

/* spoold's own, the destination's in their place, the signature over all. */
static int
set_headers(struct headers *headers, const struct attempt *attempt,
    struct why *why)
{
	const struct delivery *delivery = attempt->state;
	const char *key = attempt->text[ATTEMPT_key];
	char id[ID_LENGTH + 1];

	id_format(&attempt->facts.id, id);
	if (key[0] == '\0')
		key = id;
	if (headers_set(headers, "User-Agent",
	    courier_user_agent(attempt->courier), why) == -1 ||
	    headers_set(headers, "Idempotency-Key", key, why) == -1 ||
	    headers_set(headers, "X-Idempotency-Key", key, why) == -1 ||
	    set_traceparent(headers, attempt->text[ATTEMPT_traceparent],
	    why) == -1 ||
	    set_content(headers, attempt, why) == -1 ||
	    config_headers(attempt->config, headers, why) == -1)
		return -1;
	return signature_headers(delivery->signature, headers, why);
}

void
delivery_send(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;
	struct http_request request = {
		.url = config->url,
		.method = config->method,
		.length = body_length(&delivery->body, &attempt->parcel),
		.timeout = attempt->facts.timeout,
		.tls = config->tls,
		.proxy = config->proxy,
		.bytes = delivery->bytes,
		.read = request_read,
		.moved = request_moved,
		.done = request_done,
		.arg = attempt,
	};
	struct headers headers = { 0 };
	struct why why;
	int result;

	result = set_headers(&headers, attempt, &why);
	delivery_signed(attempt);
	if (result == 0) {
		if (delivery->bytes == NULL)
			body_rewind(&delivery->body);
		request.headers = headers.list;
		request.header_count = headers.count;
		result = http_start(courier_http(attempt->courier), &request,
		    &why);
	}
	headers_free(&headers);
	if (result == -1)
		attempt_fail(attempt, &why);
}

/* --- before it ------------------------------------------------------------ */

/* Small enough to be read once, and sent in one piece with its headers. */
static bool
delivery_keeps(const struct attempt *attempt)
{
	const struct delivery *delivery = attempt->state;
	int64_t length = body_length(&delivery->body, &attempt->parcel);

	return length > 0 && length <= DELIVERY_KEPT;
}

/* What keeps its body in memory waits until no other does. */
static bool
delivery_waits(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	struct webhook *webhook = courier_own(attempt->courier);

	if (!signature_collects(delivery->signature))
		return false;
	if (webhook->collector == NULL)
		webhook->collector = attempt;
	return webhook->collector != attempt;
}

int
delivery_prepare(struct attempt *attempt, int64_t *done, struct why *why)
{
	struct delivery *delivery = attempt->state;
	char *chunk = courier_chunk(attempt->courier);
	bool keeps = delivery_keeps(attempt);
	int64_t got;

	if (!keeps && !signature_wanted(delivery->signature))
		return 1;
	if (delivery_waits(attempt))
		return 0;
	got = body_read(&delivery->body, chunk, COURIER_CHUNK, why);
	if (got <= 0)
		return got == 0 ? 1 : -1;
	if (keeps) {
		delivery->bytes = xmalloc((size_t)got);
		memcpy(delivery->bytes, chunk, (size_t)got);
	}
	*done += got;
	return signature_update(delivery->signature, chunk, (size_t)got,
	    why);
}

int
delivery_open(struct attempt *attempt, struct why *why)
{
	struct delivery *delivery = attempt->state;
	const struct webhook *webhook = courier_own(attempt->courier);
	char id[ID_LENGTH + 1];

	id_format(&attempt->facts.id, id);
	if (body_open(&delivery->body, attempt, why) == -1)
		return -1;
	body_rewind(&delivery->body);
	delivery->signature = signature_new(webhook->signer, attempt->config,
	    SIGNING_SECRETS_MAX, id, why);
	return delivery->signature == NULL ? -1 : 0;
}
