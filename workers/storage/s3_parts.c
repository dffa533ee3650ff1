/*
 * s3_parts - an object that is sent in parts
 *
 * A part whose sending fails is sent again up to TRIES times.  When it is
 * given up so is the upload: the server is told to forget the parts, and the
 * attempt ends only after that.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "workers/storage/provider.h"

#define TRIES 3
#define WAIT 1000		/* ms before the second; the third: twice */
#define ID_MAX 1024		/* bytes of an upload's id */

static void	 part_start(struct s3_upload *);
static void	 abort_start(struct s3_upload *);

/* --- its end, whatever it is ---------------------------------------------- */

void
s3_parts_free(struct s3_upload *upload)
{
	struct storage *storage = courier_own(upload->attempt->courier);

	if (upload->queued)
		TAILQ_REMOVE(&storage->s3.waiting, upload, entry);
	EVP_MD_CTX_free(upload->digest);
	free(upload->parts);
	free(upload->id);
	buf_free(&upload->query);
	buf_free(&upload->body);
}

/* --- waiting -------------------------------------------------------------- */

void
s3_queue_begin(struct s3_queue *queue)
{
	*queue = (struct s3_queue){ 0 };
	TAILQ_INIT(&queue->waiting);
}

bool
s3_turn(struct courier *courier, struct s3_queue *queue)
{
	int64_t now = clock_monotonic();
	struct s3_upload *upload, *next;
	bool more = false;

	TAILQ_FOREACH_SAFE(upload, &queue->waiting, entry, next) {
		if (upload->due > now) {
			courier_wake(courier, upload->due);
			attempt_moved(upload->attempt, 0);
			continue;
		}
		TAILQ_REMOVE(&queue->waiting, upload, entry);
		upload->queued = false;
		upload->again(upload);
		more = true;
	}
	return more;
}

static void
wait_for(struct s3_upload *upload, void (*again)(struct s3_upload *))
{
	struct storage *storage = courier_own(upload->attempt->courier);

	upload->due = clock_monotonic() + WAIT * upload->tries;
	upload->again = again;
	upload->queued = true;
	TAILQ_INSERT_TAIL(&storage->s3.waiting, upload, entry);
	courier_wake(upload->attempt->courier, upload->due);
}

/* --- giving up ------------------------------------------------------------ */

static void
end_kept(struct s3_upload *upload)
{
	struct s3_end end = upload->end;
	struct link_record record;

	link_init(&record, LINK_outcome);
	record.outcome = end.outcome;
	record.text[OUTCOME_reason] = end.reason;
	record.text[OUTCOME_remote] = end.remote;
	record.text[OUTCOME_peer] = end.peer;
	attempt_end(upload->attempt, &record);
}

static void
give_up(struct s3_upload *upload)
{
	if (upload->id == NULL) {
		end_kept(upload);
		return;
	}
	upload->tries = 0;
	abort_start(upload);
}

/* By something on this side. */
static void
give_up_for(struct s3_upload *upload, const struct why *why)
{
	struct s3_end *end = &upload->end;

	end->outcome = (struct link_outcome){
		.verdict = why->code == ERROR_VALIDATION_ERROR ||
		    why->code == ERROR_PAYLOAD_CHANGED ? VERDICT_failed :
		    VERDICT_deferred,
		.error = (int32_t)why->code,
	};
	(void)snprintf(end->reason, sizeof(end->reason), "%s", why->text);
	give_up(upload);
}

static void
give_up_after(struct s3_upload *upload, const struct http_answer *answer)
{
	struct s3_end *end = &upload->end;
	struct verdict_text text;
	struct link_record record;

	if (answer->stopped) {
		give_up_for(upload, &upload->broken);
		return;
	}
	link_init(&record, LINK_outcome);
	s3_verdict(&upload->call, answer,
	    courier_permanent(upload->attempt->courier), &record, &text);
	/* Something was missing in what looked good. */
	if (record.outcome.verdict == VERDICT_delivered) {
		record.outcome.verdict = VERDICT_deferred;
		record.outcome.error = ERROR_PROTOCOL_ERROR;
		record.outcome.flags = OUTCOME_TRANSPORT;
		(void)snprintf(text.reason, sizeof(text.reason),
		    "it answered %d without what S3 answers there",
		    answer->status);
	}
	/* What is incomplete has not arrived, whatever was sent of it. */
	if (record.outcome.error == ERROR_MAY_HAVE_ARRIVED &&
	    upload->body.len == 0)
		record.outcome.error = ERROR_TIMEOUT;
	end->outcome = record.outcome;
	(void)snprintf(end->reason, sizeof(end->reason), "%s", text.reason);
	(void)snprintf(end->remote, sizeof(end->remote), "%s",
	    text.remote.data != NULL ? text.remote.data : "");
	(void)snprintf(end->peer, sizeof(end->peer), "%s", answer->peer);
	buf_free(&text.remote);
	give_up(upload);
}

/* True if the same request may be taken another time. */
static bool
is_worth_again(const struct s3_upload *upload,
    const struct http_answer *answer)
{
	int status = answer->status;

	if (answer->stopped || upload->tries >= TRIES ||
	    answer->error == ERROR_EGRESS_DENIED)
		return false;
	return status == 0 || status >= 500 || status == 429 ||
	    s3_is(answer, "RequestTimeout") || s3_is(answer, "BadDigest") ||
	    s3_is(answer, "XAmzContentSHA256Mismatch") ||
	    s3_is(answer, "IncompleteBody");
}

/* Forgotten, or unknown: both leave nothing behind. */
static void
abort_done(void *arg, const struct http_answer *answer)
{
	struct s3_upload *upload = arg;

	if (answer->status / 100 != 2 && answer->status != 404) {
		if (is_worth_again(upload, answer)) {
			wait_for(upload, abort_start);
			return;
		}
		log_warning("parts of an upload to %s stay there: the server "
		    "did not take their abort",
		    upload->attempt->text[ATTEMPT_destination]);
	}
	end_kept(upload);
}

static void
abort_start(struct s3_upload *upload)
{
	struct headers headers = { 0 };
	struct why why;

	upload->tries++;
	buf_clear(&upload->query);
	buf_str(&upload->query, "uploadId=");
	sigv4_encode(&upload->query, upload->id);
	s3_body(&upload->call, NULL, 0);
	if (headers_set(&headers, "Content-Type", TYPE_UNKNOWN, &why) == 0 &&
	    s3_upload_start(upload, "DELETE",
	    upload->query.data, &headers, abort_done, &why) == 0)
		return;
	headers_free(&headers);
	end_kept(upload);
}

/* --- the end -------------------------------------------------------------- */

static void	 complete_start(struct s3_upload *);

static void
complete_done(void *arg, const struct http_answer *answer)
{
	struct s3_upload *upload = arg;
	struct why why;
	char tag[S3_TAG_MAX];

	if (upload->conditional && answer->status == 501) {
		upload->conditional = false;	/* it was asked before */
		complete_start(upload);
	} else if (answer->status == 412) {
		(void)why_set(&why, ERROR_UNAVAILABLE, "something has got "
		    "that key meanwhile: the next attempt compares it");
		give_up_for(upload, &why);
	} else if (answer->status / 100 == 2 && s3_element(&answer->body,
	    "ETag", tag, sizeof(tag)) && tag[0] != '\0')
		s3_upload_end(upload, answer);
	else if (answer->status >= 500 && is_worth_again(upload, answer))
		wait_for(upload, complete_start);
	else
		give_up_after(upload, answer);
}

/* The parts and what the server said of them. */
static void
put_parts(struct s3_upload *upload)
{
	struct buf *out = &upload->body;

	buf_clear(out);
	buf_str(out, "<CompleteMultipartUpload>");
	for (size_t i = 0; i < upload->part_count; i++) {
		const struct s3_part *part = &upload->parts[i];

		buf_printf(out, "<Part><PartNumber>%zu</PartNumber>"
		    "<ETag>&quot;%s&quot;</ETag>", i + 1, part->etag);
		if (part->summed) {
			buf_str(out, "<ChecksumSHA256>");
			base64_encode(out, part->sha256, SHA256_LENGTH,
			    BASE64_STANDARD);
			buf_str(out, "</ChecksumSHA256>");
		}
		buf_str(out, "</Part>");
	}
	buf_str(out, "</CompleteMultipartUpload>");
}

static void
complete_start(struct s3_upload *upload)
{
	struct headers headers = { 0 };
	struct why why;

	upload->tries++;
	buf_clear(&upload->query);
	buf_str(&upload->query, "uploadId=");
	sigv4_encode(&upload->query, upload->id);
	put_parts(upload);
	s3_body(&upload->call, upload->body.data, upload->body.len);
	if (headers_set(&headers, "Content-Type", "application/xml",
	    &why) == 0 && (!upload->conditional || headers_set(&headers,
	    "If-None-Match", "*", &why) == 0) &&
	    s3_upload_start(upload, "POST", upload->query.data, &headers,
	    complete_done, &why) == 0)
		return;
	headers_free(&headers);
	give_up_for(upload, &why);
}

/* --- a part --------------------------------------------------------------- */

/* What a tag may be, so that it is the same within XML. */
static bool
is_tag(const char *tag)
{
	return tag[0] != '\0' && strpbrk(tag, "<>&\"") == NULL;
}

static void
part_done(void *arg, const struct http_answer *answer)
{
	struct s3_upload *upload = arg;
	const struct s3_said *said = &upload->call.said;
	struct s3_part *part = &upload->parts[upload->part];

	if (answer->status / 100 != 2 || !answer->all_sent ||
	    s3_not_taken(&upload->call) != NULL || !is_tag(said->etag)) {
		if (is_worth_again(upload, answer))
			wait_for(upload, part_start);
		else
			give_up_after(upload, answer);
		return;
	}
	(void)snprintf(part->etag, sizeof(part->etag), "%s", said->etag);
	part->summed = said->sha256[0] != '\0';
	upload->tries = 0;
	if (++upload->part < upload->part_count)
		part_start(upload);
	else
		complete_start(upload);
}

static int
part_headers(const struct s3_part *part, struct headers *headers,
    struct why *why)
{
	struct buf digest = { 0 };
	int result;

	base64_encode(&digest, part->sha256, SHA256_LENGTH, BASE64_STANDARD);
	result = headers_set(headers, "X-Amz-Checksum-Sha256", digest.data,
	    why);
	buf_free(&digest);
	return result != 0 ? result : headers_set(headers, "Content-Type",
	    TYPE_UNKNOWN, why);
}

static void
part_start(struct s3_upload *upload)
{
	const struct extent *content = &upload->attempt->parcel.content;
	const struct s3_part *part = &upload->parts[upload->part];
	int64_t from = (int64_t)upload->part * upload->part_size;
	int64_t left = content->length - from;
	struct headers headers = { 0 };
	struct why why;

	upload->tries++;
	upload->extent = *content;
	upload->extent.offset += from;
	upload->extent.length = left < upload->part_size ? left :
	    upload->part_size;
	upload->extent.whole = content->whole && left <= upload->part_size;
	memcpy(upload->extent.sha256, part->sha256, SHA256_LENGTH);
	extent_begin(&upload->reader, &upload->extent);
	upload->call.bytes = NULL;
	upload->call.length = upload->extent.length;
	memcpy(upload->call.sha256, part->sha256, SHA256_LENGTH);
	buf_clear(&upload->query);
	buf_printf(&upload->query, "partNumber=%zu&uploadId=",
	    upload->part + 1);
	sigv4_encode(&upload->query, upload->id);
	if (part_headers(part, &headers, &why) == 0 &&
	    s3_upload_start(upload, "PUT", upload->query.data, &headers,
	    part_done, &why) == 0)
		return;
	headers_free(&headers);
	give_up_for(upload, &why);
}

/* --- the beginning -------------------------------------------------------- */

static void
create_done(void *arg, const struct http_answer *answer)
{
	struct s3_upload *upload = arg;
	struct why why;
	char id[ID_MAX];

	if (answer->status / 100 != 2) {
		give_up_after(upload, answer);
		return;
	}
	if (!s3_element(&answer->body, "UploadId", id, sizeof(id)) ||
	    id[0] == '\0') {
		(void)why_set(&why, ERROR_PROTOCOL_ERROR,
		    "it began an upload without an UploadId");
		give_up_for(upload, &why);
		return;
	}
	upload->id = xstrdup(id);
	part_start(upload);
}

void
s3_parts_create(struct s3_upload *upload)
{
	struct headers headers = { 0 };
	struct why why;

	s3_body(&upload->call, NULL, 0);
	if (s3_object_headers(upload->attempt, &headers, &why) == 0 &&
	    headers_set(&headers, "X-Amz-Checksum-Algorithm", "SHA256",
	    &why) == 0 && s3_upload_start(upload, "POST", "uploads=",
	    &headers, create_done, &why) == 0)
		return;
	headers_free(&headers);
	attempt_fail(upload->attempt, &why);
}

/* An attempt before this one may have died with an upload of its own. */
void
s3_parts_begin(struct s3_upload *upload)
{
	if (upload->attempt->facts.attempt > 1)
		s3_sweep(upload);
	else
		s3_parts_create(upload);
}
