/*
 * s3 - a ticket's object
 *
 * Its SHA-256 was made when the job was accepted, so it is signed without
 * reading the content before, and read once, while it is sent; what has
 * changed meanwhile never is sent to its end, and the server would not take it.
 *
 * What has the name already is compared by what the server says of it: its
 * length and the SHA-256 that spoold left with it or that the server made.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/hex.h"
#include "lib/xalloc.h"

#include "workers/storage/provider.h"

static void	 put_start(struct s3_upload *);

struct s3_upload *
s3_upload_of(struct attempt *attempt)
{
	struct stored *stored = attempt->state;

	return &stored->s3;
}

static struct s3_queue *
queue_of(const struct s3_upload *upload)
{
	struct storage *storage = courier_own(upload->attempt->courier);

	return &storage->s3;
}

/* --- calls ---------------------------------------------------------------- */

int64_t
s3_upload_read(void *arg, char *out, size_t room)
{
	struct s3_upload *upload = arg;

	return extent_read(&upload->reader, out, (int64_t)room,
	    &upload->broken);
}

void
s3_upload_moved(void *arg, int64_t sent)
{
	struct s3_upload *upload = arg;

	attempt_moved(upload->attempt,
	    (int64_t)upload->part * upload->part_size + sent);
}

int
s3_upload_start(struct s3_upload *upload, const char *method,
    const char *query, struct headers *headers,
    void (*done)(void *, const struct http_answer *), struct why *why)
{
	struct s3_call *call = &upload->call;

	call->courier = upload->attempt->courier;
	call->config = upload->attempt->config;
	call->timeout = upload->attempt->facts.timeout;
	call->method = method;
	call->key = upload->of_bucket ? "" : upload->key.data;
	call->query = query;
	call->headers = *headers;
	call->read = s3_upload_read;
	call->moved = s3_upload_moved;
	call->done = done;
	call->arg = upload;
	*headers = (struct headers){ 0 };
	return s3_start(call, why);
}

/* --- ends ----------------------------------------------------------------- */

void
s3_upload_end(struct s3_upload *upload, const struct http_answer *answer)
{
	struct attempt *attempt = upload->attempt;
	struct verdict_text text;
	struct link_record record;
	struct why why;

	if (answer->stopped) {
		why = upload->broken;	/* it goes with the attempt */
		attempt_fail(attempt, &why);
		return;
	}
	link_init(&record, LINK_outcome);
	s3_verdict(&upload->call, answer, courier_permanent(attempt->courier),
	    &record, &text);
	if (record.outcome.verdict == VERDICT_delivered)
		locator_tell(attempt, &record, upload->call.said.version);
	attempt_end(attempt, &record);
	buf_free(&text.remote);
}

/* True if an attempt before this one stored it, whose answer was lost. */
static bool
is_own(const struct s3_upload *upload)
{
	char mark[LOCATOR_MARK];

	locator_mark(upload->attempt, mark);
	return strcmp(upload->call.said.mark, mark) == 0;
}

/* It was compared: is it the same? */
static void
end_compared(struct s3_upload *upload, const struct http_answer *answer,
    bool same)
{
	struct verdict_text text;
	struct link_record record;

	link_init(&record, LINK_outcome);
	s3_verdict(&upload->call, answer, "", &record, &text);
	if (!same) {
		record.outcome.verdict = VERDICT_failed;
		record.outcome.error = ERROR_CONFLICT;
		record.text[OUTCOME_reason] = "something else has that key "
		    "already; the destination does not overwrite";
	} else if (is_own(upload))
		locator_tell(upload->attempt, &record,
		    upload->call.said.version);
	attempt_end(upload->attempt, &record);
	buf_free(&text.remote);
}

/* --- what is there already ------------------------------------------------ */

/* By its length, and by a digest that the server has of it. */
static bool
is_same(const struct s3_upload *upload)
{
	const struct extent *content = &upload->attempt->parcel.content;
	const struct s3_said *said = &upload->call.said;
	struct buf digest = { 0 };
	char hex[HEX_SIZE(SHA256_LENGTH)];
	bool same;

	hex_format(content->sha256, SHA256_LENGTH, hex);
	base64_encode(&digest, content->sha256, SHA256_LENGTH,
	    BASE64_STANDARD);
	same = strtoll(said->length, NULL, 10) == content->length &&
	    (strcmp(said->own_sha256, hex) == 0 ||
	    strcmp(said->sha256, digest.data) == 0);
	buf_free(&digest);
	return same;
}

/* Why HEAD was refused; its own answer cannot say so, it has no body. */
static void
explain_done(void *arg, const struct http_answer *answer)
{
	struct s3_upload *upload = arg;
	struct why why;

	if (answer->status / 100 != 2) {
		s3_upload_end(upload, answer);
		return;
	}
	(void)why_set(&why, ERROR_PROTOCOL_ERROR, "it refuses HEAD, but not "
	    "GET");
	attempt_fail(upload->attempt, &why);
}

static void
explain_start(struct s3_upload *upload)
{
	struct headers headers = { 0 };
	struct why why;

	s3_body(&upload->call, NULL, 0);
	if (headers_set(&headers, "Content-Type", TYPE_UNKNOWN, &why) == 0 &&
	    headers_set(&headers, "Range", "bytes=0-0", &why) == 0 &&
	    s3_upload_start(upload, "GET", "", &headers, explain_done,
	    &why) == 0)
		return;
	headers_free(&headers);
	attempt_fail(upload->attempt, &why);
}

/*
 * 404: it is free.  Who may not list a bucket hears 403 instead; with parts the
 * condition at their completion decides then.
 */
static void
check_done(void *arg, const struct http_answer *answer)
{
	struct s3_upload *upload = arg;
	bool parts = upload->part_size > 0;
	struct why why;

	if (answer->status == 200)
		end_compared(upload, answer, is_same(upload));
	else if (parts && (answer->status == 404 || answer->status == 403))
		s3_parts_begin(upload);
	else if (answer->status == 404 && !upload->conditional)
		put_start(upload);
	else if (answer->status == 404) {
		(void)why_set(&why, ERROR_UNAVAILABLE, "what had that key is "
		    "gone: the next attempt stores it");
		attempt_fail(upload->attempt, &why);
	} else if (answer->status / 100 == 4)
		explain_start(upload);
	else
		s3_upload_end(upload, answer);
}

static void
check_start(struct s3_upload *upload)
{
	struct headers headers = { 0 };
	struct why why;
	int result;

	s3_body(&upload->call, NULL, 0);
	result = headers_set(&headers, "X-Amz-Checksum-Mode", "ENABLED",
	    &why);
	if (result == 0)
		result = s3_upload_start(upload, "HEAD", "", &headers,
		    check_done, &why);
	if (result == -1)
		attempt_fail(upload->attempt, &why);
}

/* --- one PUT -------------------------------------------------------------- */

/* Some say of a condition that they do not know it. */
static void
put_without_condition(struct s3_upload *upload)
{
	const struct config *config = upload->attempt->config;
	struct s3_queue *queue = queue_of(upload);

	free(queue->unconditional);
	queue->unconditional = xstrdup(config->s3.endpoint);
	upload->conditional = false;
	check_start(upload);
}

static void
put_done(void *arg, const struct http_answer *answer)
{
	struct s3_upload *upload = arg;

	if (upload->conditional && !answer->stopped &&
	    answer->status == 412)
		check_start(upload);
	else if (upload->conditional && answer->status == 501)
		put_without_condition(upload);
	else
		s3_upload_end(upload, answer);
}

static int
put_headers(struct s3_upload *upload, struct headers *headers,
    struct why *why)
{
	const struct extent *content = &upload->attempt->parcel.content;
	struct buf digest = { 0 };
	int result;

	base64_encode(&digest, content->sha256, SHA256_LENGTH,
	    BASE64_STANDARD);
	result = s3_object_headers(upload->attempt, headers, why);
	if (result == 0)
		result = headers_set(headers, "X-Amz-Checksum-Sha256",
		    digest.data, why);
	if (result == 0 && upload->conditional)
		result = headers_set(headers, "If-None-Match", "*", why);
	buf_free(&digest);
	return result;
}

static void
put_start(struct s3_upload *upload)
{
	struct headers headers = { 0 };
	struct why why;

	upload->extent = upload->attempt->parcel.content;
	extent_begin(&upload->reader, &upload->extent);
	upload->call.bytes = NULL;
	upload->call.length = upload->extent.length;
	memcpy(upload->call.sha256, upload->extent.sha256, SHA256_LENGTH);
	if (put_headers(upload, &headers, &why) == 0 &&
	    s3_upload_start(upload, "PUT", "", &headers, put_done,
	    &why) == 0)
		return;
	headers_free(&headers);
	attempt_fail(upload->attempt, &why);
}

/* --- the attempt ---------------------------------------------------------- */

int
s3_prepare(struct attempt *attempt, int64_t *done, struct why *why)
{
	struct stored *stored = attempt->state;
	struct s3_upload *upload = &stored->s3;

	if (upload->attempt == NULL) {
		upload->attempt = attempt;
		sigv4_encode_path(&upload->key, stored->path.data);
	}
	return attempt->parcel.content.length < S3_PART_FROM ? 1 :
	    s3_parts_prepare(upload, done, why);
}

void
s3_send(struct attempt *attempt)
{
	struct s3_upload *upload = s3_upload_of(attempt);
	const struct config *config = attempt->config;
	const char *unconditional = queue_of(upload)->unconditional;

	upload->conditional = !config->overwrite && (unconditional == NULL ||
	    strcmp(unconditional, config->s3.endpoint) != 0);
	if (!config->overwrite && (upload->part_size > 0 ||
	    !upload->conditional))
		check_start(upload);
	else if (upload->part_size > 0)
		s3_parts_begin(upload);
	else
		put_start(upload);
}

void
s3_close(struct attempt *attempt)
{
	struct s3_upload *upload = s3_upload_of(attempt);

	if (upload->attempt == NULL)
		return;
	extent_free(&upload->reader);
	s3_parts_free(upload);
	buf_free(&upload->key);
}

const struct provider provider_s3 = {
	.name = "s3",
	.prepare = s3_prepare,
	.send = s3_send,
	.close = s3_close,
	.test = s3_test,
	.trial_close = s3_trial_close,
	.place = s3_place,
	.erase = s3_erase,
	.erasure_close = s3_erasure_close,
};
