/*
 * s3 - what S3 is asked, and what it says
 *
 * The SHA-256 of the content was made when the job was accepted, so a content
 * that is one PUT is signed without reading it before.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/common/sigv4.h"
#include "workers/storage/provider.h"
#include "workers/storage/s3.h"

#define META "X-Amz-Meta-"
#define ID_MAX 1024		/* bytes of an upload's id */
#define DAY_MS (24 * 3600 * 1000LL)

static const struct said_header said[] = {
	SAID("ETag", etag),
	SAID("X-Amz-Version-Id", version),
	SAID("X-Amz-Checksum-Sha256", sha256),
	SAID(META "Spoold-Sha256", own_sha256),
	SAID(META "Spoold-Mark", mark),
	SAID("Content-Length", length),
	{ .name = NULL }
};

static const char *
s3_endpoint(const struct config *config)
{
	return config->s3.endpoint;
}

static bool
s3_code(const struct call *call, const struct http_answer *answer, char *out,
    size_t size)
{
	(void)call;
	return answer_code_element(answer, out, size);
}

/* --- headers -------------------------------------------------------------- */

/* From the attempt on: it may have waited for long. */
static int
set_lock(const struct s3_config *s3, struct headers *headers,
    struct why *why)
{
	char until[CLOCK_TEXT];

	if (s3->lock_mode == NULL)
		return 0;
	clock_format(clock_wall() + s3->lock_days * DAY_MS, until);
	if (headers_set(headers, "X-Amz-Object-Lock-Mode", s3->lock_mode,
	    why) == -1)
		return -1;
	return headers_set(headers, "X-Amz-Object-Lock-Retain-Until-Date",
	    until, why);
}

static int
put_metadata_header(void *arg, const char *name, const char *value,
    struct why *why)
{
	struct buf header = { 0 };
	int result;

	buf_printf(&header, META "%s", name);
	result = describe_header(arg, header.data, value, why);
	buf_free(&header);
	return result;
}

/* Type, metadata, class, encryption, lock. */
static int
object_headers(struct attempt *attempt, struct headers *headers,
    struct why *why)
{
	const struct config *config = attempt->config;
	const struct s3_config *s3 = &config->s3;

	if (headers_set(headers, "Content-Type", attempt_type(attempt),
	    why) == -1 ||
	    describe(attempt, put_metadata_header, headers, why) == -1 ||
	    headers_set_if(headers, "X-Amz-Storage-Class",
	    s3->storage_class, why) == -1 ||
	    headers_set_if(headers, "X-Amz-Server-Side-Encryption",
	    s3->encryption, why) == -1 ||
	    headers_set_if(headers,
	    "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", s3->kms_key,
	    why) == -1)
		return -1;
	return set_lock(s3, headers, why);
}

static int
set_condition(const struct upload *upload, struct headers *headers,
    struct why *why)
{
	return headers_set_if(headers, "If-None-Match",
	    upload->conditional ? "*" : NULL, why);
}

static int
set_unknown_type(struct headers *headers, struct why *why)
{
	return headers_set(headers, "Content-Type", TYPE_UNKNOWN, why);
}

static int
set_checksum(const uint8_t *sha256, struct headers *headers, struct why *why)
{
	return headers_set_base64(headers, "X-Amz-Checksum-Sha256", sha256,
	    SHA256_LENGTH, why);
}

/* What the server made, where it did, is the digest of what was sent. */
static bool
is_digest_of(const struct said *answered, const uint8_t *sha256)
{
	return answered->sha256[0] == '\0' ||
	    s3_is_digest(answered->sha256, sha256);
}

/* A page of somebody's that has status 200 is no word of having stored it. */
static int
s3_finished(struct upload *upload, const struct http_answer *answer,
    struct why *why)
{
	const struct said *answered = &upload->call.said;
	const char *xml = answer->body.data;
	char tag[TAG_MAX] = "";

	if (!upload->completing)
		(void)snprintf(tag, sizeof(tag), "%s", answered->etag);
	else if (!answer_element(&xml, "ETag", tag, sizeof(tag)))
		tag[0] = '\0';
	if (tag[0] == '\0')
		return why_set(why, ERROR_PROTOCOL_ERROR, "it answered %d "
		    "without an ETag: that is no answer of S3's",
		    answer->status);
	if (!upload->completing && !is_digest_of(answered,
	    upload->attempt->parcel.content.sha256))
		return why_set(why, ERROR_PROTOCOL_ERROR, "it answered %d "
		    "with the SHA-256 of something else", answer->status);
	return 0;
}

/* --- one object, one request ---------------------------------------------- */

static int
compose_ask(struct upload *upload, struct headers *headers, struct why *why)
{
	upload->call.method = "HEAD";
	return headers_set(headers, "X-Amz-Checksum-Mode", "ENABLED", why);
}

static int
compose_explain(struct upload *upload, struct headers *headers,
    struct why *why)
{
	upload->call.method = "GET";
	return set_unknown_type(headers, why) == -1 ? -1 :
	    headers_set(headers, "Range", "bytes=0-0", why);
}

static int
compose_put(struct upload *upload, struct headers *headers, struct why *why)
{
	upload->call.method = "PUT";
	upload_reads(upload);
	if (object_headers(upload->attempt, headers, why) == -1 ||
	    set_checksum(upload->extent.sha256, headers, why) == -1)
		return -1;
	return set_condition(upload, headers, why);
}

/* --- parts ---------------------------------------------------------------- */

static int
compose_begin(struct upload *upload, struct headers *headers,
    struct why *why)
{
	upload->call.method = "POST";
	buf_str(&upload->query, "uploads=");
	return object_headers(upload->attempt, headers, why) == -1 ? -1 :
	    headers_set(headers, "X-Amz-Checksum-Algorithm", "SHA256", why);
}

static int
s3_begun(struct upload *upload, const struct http_answer *answer,
    struct why *why)
{
	const char *xml = answer->body.data;
	char id[ID_MAX];

	if (!answer_element(&xml, "UploadId", id, sizeof(id)) ||
	    id[0] == '\0')
		return why_set(why, ERROR_PROTOCOL_ERROR,
		    "it began an upload without an UploadId");
	upload->id = xstrdup(id);
	s3_keep(upload);
	return 0;
}

static void
put_id(struct upload *upload)
{
	buf_str(&upload->query, "uploadId=");
	sigv4_encode(&upload->query, upload->id);
}

static int
compose_part(struct upload *upload, struct headers *headers, struct why *why)
{
	upload->call.method = "PUT";
	buf_printf(&upload->query, "partNumber=%zu&", upload->part + 1);
	put_id(upload);
	if (parts_read(upload, why) == -1 ||
	    set_checksum(upload->extent.sha256, headers, why) == -1)
		return -1;
	return set_unknown_type(headers, why);
}

bool
s3_is_digest(const char *text, const uint8_t *sha256)
{
	struct buf digest = { 0 };
	bool same;

	base64_encode(&digest, sha256, SHA256_LENGTH, BASE64_STANDARD);
	same = strcmp(digest.data, text) == 0;
	buf_free(&digest);
	return same;
}

bool
s3_is_tag(const char *tag)
{
	return tag[0] != '\0' && strpbrk(tag, "<>&\"") == NULL;
}

static enum taken
s3_part(struct upload *upload, const struct http_answer *answer)
{
	const struct said *answered = &upload->call.said;
	struct part *part = &upload->parts[upload->part];

	if (answer->status / 100 != 2 || !answer->all_sent ||
	    !s3_is_tag(answered->etag) || !is_digest_of(answered,
	    part->sha256))
		return TAKEN_not;
	(void)snprintf(part->etag, sizeof(part->etag), "%s", answered->etag);
	part->summed = answered->sha256[0] != '\0';
	return TAKEN_yes;
}

/* The parts and what the server said of them. */
static void
put_parts(struct upload *upload)
{
	struct buf *out = &upload->body;

	buf_clear(out);
	buf_str(out, "<CompleteMultipartUpload>");
	for (size_t i = 0; i < upload->part_count; i++) {
		const struct part *part = &upload->parts[i];

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

static int
compose_complete(struct upload *upload, struct headers *headers,
    struct why *why)
{
	upload->call.method = "POST";
	put_id(upload);
	put_parts(upload);
	call_body(&upload->call, upload->body.data, upload->body.len);
	return headers_set(headers, "Content-Type", "application/xml",
	    why) == -1 ? -1 : set_condition(upload, headers, why);
}

static int
compose_abort(struct upload *upload, struct headers *headers,
    struct why *why)
{
	upload->call.method = "DELETE";
	put_id(upload);
	return set_unknown_type(headers, why);
}

/* --- an erasure ----------------------------------------------------------- */

static void
s3_place(const struct config *config, struct buf *out)
{
	buf_printf(out, "%s/%s", config->s3.endpoint, config->s3.bucket);
}

/* If-Match is for a bucket without versions. */
static int
set_match(const struct erase_what *what, struct headers *headers,
    struct why *why)
{
	struct buf quoted = { 0 };
	int result;

	if (what->version[0] != '\0' || what->tag[0] == '\0' ||
	    what->unconditional)
		return 0;
	buf_printf(&quoted, "\"%s\"", what->tag);
	result = headers_set(headers, "If-Match", quoted.data, why);
	buf_free(&quoted);
	return result;
}

static bool
s3_gone(const struct call *call, const struct http_answer *answer)
{
	return answer_has_code(call, answer, "NoSuchKey") ||
	    answer_has_code(call, answer, "NoSuchVersion");
}

static int
s3_erasure(struct call *call, enum erase_step step,
    const struct erase_what *what, struct buf *query, struct headers *headers,
    struct why *why)
{
	static const char *const methods[] = { [ERASE_look] = "HEAD",
		[ERASE_explain] = "GET", [ERASE_remove] = "DELETE" };

	call->method = methods[step];
	if (what->version[0] != '\0') {
		buf_str(query, "versionId=");
		sigv4_encode(query, what->version);
	}
	if (step == ERASE_look)
		return 0;
	if (set_unknown_type(headers, why) == -1)
		return -1;
	return step == ERASE_remove ? set_match(what, headers, why) :
	    headers_set(headers, "Range", "bytes=0-0", why);
}

/* --- a trial -------------------------------------------------------------- */

static int
s3_trial(struct call *call, enum trial_step step, struct buf *query,
    struct headers *headers, struct why *why)
{
	(void)query;
	call->method = step == TRIAL_delete ? "DELETE" : "PUT";
	return headers_set(headers, "Content-Type", "application/json",
	    why) == -1 ? -1 : headers_set_if(headers, "If-None-Match",
	    step == TRIAL_again ? "*" : NULL, why);
}

const struct cloud cloud_s3 = {
	.endpoint = s3_endpoint,
	.said = said,
	.codes = s3_codes,
	.code = s3_code,
	.start = s3_start,
	.part_from = 64 * 1024 * 1024LL,
	.parts_max = 10000,
	.compose = {
		[UPLOAD_ask] = compose_ask,
		[UPLOAD_explain] = compose_explain,
		[UPLOAD_put] = compose_put,
		[UPLOAD_begin] = compose_begin,
		[UPLOAD_part] = compose_part,
		[UPLOAD_complete] = compose_complete,
		[UPLOAD_abort] = compose_abort,
	},
	.begun = s3_begun,
	.part = s3_part,
	.finished = s3_finished,
	.recover = s3_recover,
	.versions = true,
	.gone = s3_gone,
	.erasure = s3_erasure,
	.erase_words = "it is locked, or the key may not do that: "
	    "s3:GetObject, s3:ListBucket, s3:DeleteObject and "
	    "s3:DeleteObjectVersion are needed",
	.place = s3_place,
	.trial = s3_trial,
};
