/*
 * upload - a ticket's object
 *
 * Its SHA-256 was made when the job was accepted, and is compared whenever the
 * content is read; what has changed meanwhile never is sent to its end.
 *
 * What has the name already is compared by what the server says of it: its
 * length, and a digest that spoold left with it or that the server made.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/hex.h"
#include "lib/xalloc.h"

#include "workers/common/sigv4.h"
#include "workers/storage/provider.h"

#define KEPT_AS "%s %" PRId64 " "

static void	 put_start(struct upload *);

static struct upload *
upload_of(struct attempt *attempt)
{
	struct stored *stored = attempt->state;

	return &stored->upload;
}

static struct upload_queue *
queue_of(const struct upload *upload)
{
	struct storage *storage = courier_own(upload->attempt->courier);

	return &storage->uploads;
}

/* --- calls ---------------------------------------------------------------- */

/* The next bytes of `text`, of which `at` have been given. */
static int64_t
read_text(const struct buf *text, int64_t at, char *out, size_t room)
{
	size_t left = text->len - (size_t)at;

	if (left > room)
		left = room;
	memcpy(out, text->data + at, left);
	return (int64_t)left;
}

static int64_t
upload_read(void *arg, char *out, size_t room)
{
	struct upload *upload = arg;
	int64_t before = (int64_t)upload->before.len;
	int64_t behind = before + upload->extent.length;
	int64_t got = 0;

	if (upload->given < before)
		got = read_text(&upload->before, upload->given, out, room);
	else if (upload->given < behind)
		got = extent_read(&upload->reader, out, (int64_t)room,
		    &upload->broken);
	else if (upload->given - behind < (int64_t)upload->after.len)
		got = read_text(&upload->after, upload->given - behind, out,
		    room);
	if (got > 0)
		upload->given += got;
	return got;
}

static void
upload_moved(void *arg, int64_t sent)
{
	struct upload *upload = arg;

	attempt_moved(upload->attempt, (int64_t)upload->part *
	    upload->part_size + upload->skip + sent);
}

void
upload_keep(struct upload *upload, const char *kind, const char *id)
{
	struct buf kept = { 0 };

	buf_printf(&kept, KEPT_AS "%s", kind, upload->attempt->facts.version,
	    id);
	attempt_keep(upload->attempt, kept.data);
	buf_wipe(&kept);
}

const char *
upload_kept(const struct upload *upload, const char *kind)
{
	const char *kept = upload->attempt->text[ATTEMPT_resume];
	struct buf head = { 0 };
	bool same;

	buf_printf(&head, KEPT_AS, kind, upload->attempt->facts.version);
	same = strncmp(kept, head.data, head.len) == 0;
	kept += same ? head.len : 0;
	buf_free(&head);
	return same ? kept : NULL;
}

void
upload_reads(struct upload *upload)
{
	struct call *call = &upload->call;

	upload->given = 0;
	extent_begin(&upload->reader, &upload->extent);
	call->bytes = NULL;
	call->length = (int64_t)upload->before.len + upload->extent.length +
	    (int64_t)upload->after.len;
	memcpy(call->sha256, upload->extent.sha256, SHA256_LENGTH);
}

/* What was answered where the credentials come from ends it. */
static void
upload_done(void *arg, const struct http_answer *answer)
{
	struct upload *upload = arg;

	if (upload->call.denied)
		upload_end(upload, answer);
	else
		upload->then(upload, answer);
}

int
upload_start(struct upload *upload, struct headers *headers,
    void (*then)(struct upload *, const struct http_answer *),
    struct why *why)
{
	struct call *call = &upload->call;

	call->courier = upload->attempt->courier;
	call->config = upload->attempt->config;
	call->timeout = upload->attempt->facts.timeout;
	call->headers = *headers;
	call->read = upload_read;
	call->moved = upload_moved;
	call->done = upload_done;
	call->arg = upload;
	upload->then = then;
	*headers = (struct headers){ 0 };
	return call_start(call, why);
}

int
upload_step(struct upload *upload, enum upload_step step,
    void (*then)(struct upload *, const struct http_answer *),
    struct why *why)
{
	struct call *call = &upload->call;
	struct headers headers = { 0 };

	buf_clear(&upload->query);
	buf_str(&upload->query, "");
	call->key = upload->key.data;
	call->url = NULL;
	call_body(call, NULL, 0);
	if (upload->cloud->compose[step](upload, &headers, why) == -1) {
		headers_free(&headers);
		return -1;
	}
	call->query = upload->query.data;
	return upload_start(upload, &headers, then, why);
}

/* A step before anything has begun. */
static void
first_step(struct upload *upload, enum upload_step step,
    void (*then)(struct upload *, const struct http_answer *))
{
	struct why why;

	if (upload_step(upload, step, then, &why) == -1)
		attempt_fail(upload->attempt, &why);
}

/* --- ends ----------------------------------------------------------------- */

bool
upload_is_finished(struct upload *upload, const struct http_answer *answer,
    struct why *why)
{
	const struct cloud *cloud = upload->cloud;

	return cloud->finished == NULL ||
	    !answer_is_good(&upload->call, answer) ||
	    cloud->finished(upload, answer, why) == 0;
}

static void
tell_stored(struct upload *upload, struct link_record *record)
{
	locator_tell(upload->attempt, record, upload->cloud->versions ?
	    upload->call.said.version : "");
}

void
upload_end(struct upload *upload, const struct http_answer *answer)
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
	if (!upload_is_finished(upload, answer, &why)) {
		attempt_fail(attempt, &why);
		return;
	}
	link_init(&record, LINK_outcome);
	answer_verdict(&upload->call, answer,
	    courier_permanent(attempt->courier), &record, &text);
	if (record.outcome.verdict == VERDICT_delivered)
		tell_stored(upload, &record);
	attempt_end(attempt, &record);
	buf_free(&text.remote);
}

/* True if an attempt before this one stored it, whose answer was lost. */
static bool
is_own(const struct upload *upload)
{
	char mark[LOCATOR_MARK];

	locator_mark(upload->attempt, mark);
	return strcmp(upload->call.said.mark, mark) == 0;
}

/* It was compared: is it the same? */
static void
end_compared(struct upload *upload, const struct http_answer *answer,
    bool same)
{
	struct verdict_text text;
	struct link_record record;

	link_init(&record, LINK_outcome);
	answer_verdict(&upload->call, answer, "", &record, &text);
	if (!same) {
		record.outcome.verdict = VERDICT_failed;
		record.outcome.error = ERROR_CONFLICT;
		record.text[OUTCOME_reason] = "something else has that key "
		    "already; the destination does not overwrite";
	} else if (is_own(upload))
		tell_stored(upload, &record);
	attempt_end(upload->attempt, &record);
	buf_free(&text.remote);
}

/* --- what is there already ------------------------------------------------ */

static bool
is_base64(const char *text, const void *bytes, size_t length)
{
	struct buf digest = { 0 };
	bool same;

	base64_encode(&digest, bytes, length, BASE64_STANDARD);
	same = strcmp(text, digest.data) == 0;
	buf_free(&digest);
	return same;
}

/* By its length, and by a digest that the server has of it. */
static bool
is_same(const struct upload *upload)
{
	const struct extent *content = &upload->attempt->parcel.content;
	const struct said *said = &upload->call.said;
	char hex[HEX_SIZE(SHA256_LENGTH)];

	hex_format(content->sha256, SHA256_LENGTH, hex);
	if (said->length[0] == '\0' ||
	    strtoll(said->length, NULL, 10) != content->length)
		return false;
	if (upload->cloud->md5 && said->md5[0] != '\0' &&
	    !is_base64(said->md5, upload->whole_md5, MD5_LENGTH))
		return false;
	return strcmp(said->own_sha256, hex) == 0 ||
	    is_base64(said->sha256, content->sha256, SHA256_LENGTH) ||
	    (upload->cloud->md5 && said->md5[0] != '\0' &&
	    said->own_sha256[0] == '\0');
}

/* Why HEAD was refused; its own answer cannot say so, it has no body. */
static void
explain_done(struct upload *upload, const struct http_answer *answer)
{
	struct why why;

	if (answer->status / 100 != 2) {
		upload_end(upload, answer);
		return;
	}
	(void)why_set(&why, ERROR_PROTOCOL_ERROR, "it refuses HEAD, but not "
	    "GET");
	attempt_fail(upload->attempt, &why);
}

/* An answer that says nothing of an object is none about one. */
static void
ask_found(struct upload *upload, const struct http_answer *answer)
{
	struct said *said = &upload->call.said;
	struct why why;

	if (upload->cloud->described != NULL)
		upload->cloud->described(answer, said);
	if (said->etag[0] != '\0' || said->version[0] != '\0') {
		end_compared(upload, answer, is_same(upload));
		return;
	}
	(void)why_set(&why, ERROR_PROTOCOL_ERROR, "it says that something has "
	    "that key, and not what");
	attempt_fail(upload->attempt, &why);
}

/*
 * 404: it is free.  Who may not look hears 403 instead; with parts the
 * condition at their completion decides then.
 */
static void
ask_done(struct upload *upload, const struct http_answer *answer)
{
	bool parted = upload->parted;
	struct why why;

	if (answer->status == 200)
		ask_found(upload, answer);
	else if (parted && (answer->status == 404 || answer->status == 403))
		parts_begin(upload);
	else if (answer->status == 404 && !upload->conditional)
		put_start(upload);
	else if (answer->status == 404) {
		(void)why_set(&why, ERROR_UNAVAILABLE, "what had that key is "
		    "gone: the next attempt stores it");
		attempt_fail(upload->attempt, &why);
	} else if (answer->status / 100 == 4 &&
	    upload->cloud->compose[UPLOAD_explain] != NULL)
		first_step(upload, UPLOAD_explain, explain_done);
	else
		upload_end(upload, answer);
}

/* --- all in one ----------------------------------------------------------- */

/* Some say of a condition that they do not know it. */
static void
put_without_condition(struct upload *upload)
{
	struct upload_queue *queue = queue_of(upload);

	free(queue->unconditional);
	queue->unconditional = xstrdup(upload->cloud->endpoint(
	    upload->attempt->config));
	upload->conditional = false;
	first_step(upload, UPLOAD_ask, ask_done);
}

static void
put_done(struct upload *upload, const struct http_answer *answer)
{
	if (upload->conditional && answer_is_taken(&upload->call, answer))
		first_step(upload, UPLOAD_ask, ask_done);
	else if (upload->conditional && answer->status == 501)
		put_without_condition(upload);
	else
		upload_end(upload, answer);
}

static void
put_start(struct upload *upload)
{
	upload->extent = upload->attempt->parcel.content;
	first_step(upload, UPLOAD_put, put_done);
}

/* --- the attempt ---------------------------------------------------------- */

int
upload_prepare(struct attempt *attempt, int64_t *done, struct why *why)
{
	struct stored *stored = attempt->state;
	struct upload *upload = &stored->upload;
	const struct config *config = attempt->config;

	if (upload->attempt == NULL) {
		upload->attempt = attempt;
		upload->cloud = config->provider->cloud;
		upload->parted = attempt->parcel.content.length >=
		    upload->cloud->part_from;
		cloud_key(upload->cloud, stored->path.data, &upload->key);
	}
	return upload->parted || upload->cloud->md5 ?
	    digests_prepare(upload, done, why) : 1;
}

void
upload_send(struct attempt *attempt)
{
	struct upload *upload = upload_of(attempt);
	const struct config *config = attempt->config;
	const char *unconditional = queue_of(upload)->unconditional;

	upload->conditional = !config->overwrite && (unconditional == NULL ||
	    strcmp(unconditional, upload->cloud->endpoint(config)) != 0);
	if (!config->overwrite && (upload->parted || !upload->conditional))
		first_step(upload, UPLOAD_ask, ask_done);
	else if (upload->parted)
		parts_begin(upload);
	else
		put_start(upload);
}

void
upload_close(struct attempt *attempt)
{
	struct upload *upload = upload_of(attempt);

	if (upload->attempt == NULL)
		return;
	extent_free(&upload->reader);
	parts_free(upload);
	digests_free(upload);
	/* The URL of a session is a secret. */
	explicit_bzero(&upload->call.said, sizeof(upload->call.said));
	buf_free(&upload->before);
	buf_free(&upload->after);
	buf_free(&upload->query);
	buf_free(&upload->body);
	buf_free(&upload->key);
}
