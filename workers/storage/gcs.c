/*
 * gcs - what Google Cloud Storage is asked, and what it says
 *
 * The object's MD5 is told before its content, so that the service compares
 * them; what it says of the object in the end is compared once more.
 */
#include <openssl/rand.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/hex.h"
#include "lib/json.h"

#include "workers/common/sigv4.h"
#include "workers/storage/gcs.h"
#include "workers/storage/provider.h"

static const struct said_header said[] = {
	SAID("Location", place),
	SAID("Range", range),
	{ .name = NULL }
};

static const char *
gcs_endpoint(const struct config *config)
{
	return config->gcs.endpoint;
}

/* --- what describes an object --------------------------------------------- */

static int
put_metadata_member(void *arg, const char *name, const char *value,
    struct why *why)
{
	(void)why;
	json_put_string(arg, name, value);
	return 0;
}

/* The object's resource, as far as it is ours to say. */
static int
put_resource(struct upload *upload, struct buf *out, struct why *why)
{
	struct buf md5 = { 0 };
	int result;

	base64_encode(&md5, upload->whole_md5, MD5_LENGTH, BASE64_STANDARD);
	json_open(out, NULL, '{');
	json_put_string(out, "contentType", attempt_type(upload->attempt));
	json_put_string(out, "md5Hash", md5.data);
	json_open(out, "metadata", '{');
	result = describe(upload->attempt, put_metadata_member, out, why);
	json_close(out, '}');
	json_close(out, '}');
	buf_free(&md5);
	return result;
}

/* Appended to what says how it is uploaded. */
static void
put_name(struct buf *query, const char *key, bool conditional)
{
	if (conditional)
		buf_str(query, "&ifGenerationMatch=0");
	buf_printf(query, "&name=%s", key);
}

/* What an object's resource says, where others say it in headers. */
static void
read_resource(const struct buf *body, struct said *out)
{
	struct why why;
	struct json *json = body->len == 0 ? NULL :
	    json_parse(body->data, body->len, &why);
	const struct json *metadata = json_get(json, "metadata");
	const struct {
		const struct json *value;
		char		*to;
	} fields[] = {
		{ json_get(json, "size"), out->length },
		{ json_get(json, "md5Hash"), out->md5 },
		{ json_get(json, "generation"), out->version },
		{ json_get(metadata, "spoold-sha256"), out->own_sha256 },
		{ json_get(metadata, "spoold-mark"), out->mark },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		(void)snprintf(fields[i].to, TAG_MAX, "%s",
		    json_string(fields[i].value, ""));
	json_free(&json);
}

static void
gcs_described(const struct http_answer *answer, struct said *out)
{
	read_resource(&answer->body, out);
}

static int
gcs_finished(struct upload *upload, const struct http_answer *answer,
    struct why *why)
{
	struct said *has = &upload->call.said;
	struct buf md5 = { 0 };
	bool same;

	read_resource(&answer->body, has);
	base64_encode(&md5, upload->whole_md5, MD5_LENGTH, BASE64_STANDARD);
	same = strcmp(has->md5, md5.data) == 0 &&
	    strtoll(has->length, NULL, 10) ==
	    upload->attempt->parcel.content.length;
	buf_free(&md5);
	return same ? 0 : why_set(why, ERROR_PROTOCOL_ERROR,
	    "what it says of the object it has is not what was sent");
}

/* --- one object, one request ---------------------------------------------- */

static int
compose_ask(struct upload *upload, struct headers *headers, struct why *why)
{
	(void)headers;
	(void)why;
	upload->call.method = "GET";
	return 0;
}

/* The resource and the content, with a boundary that nobody can foresee. */
static int
compose_put(struct upload *upload, struct headers *headers, struct why *why)
{
	char boundary[HEX_SIZE(16)];
	struct buf type = { 0 };
	uint8_t random[16];
	int result;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return why_set(why, ERROR_UNAVAILABLE, "no random bytes");
	hex_format(random, sizeof(random), boundary);
	upload->call.method = "POST";
	buf_str(&upload->query, "uploadType=multipart");
	put_name(&upload->query, upload->key.data, upload->conditional);
	buf_clear(&upload->before);
	buf_clear(&upload->after);
	buf_printf(&upload->before, "--%s\r\n"
	    "Content-Type: application/json\r\n\r\n", boundary);
	result = put_resource(upload, &upload->before, why);
	buf_printf(&upload->before, "\r\n--%s\r\nContent-Type: %s\r\n\r\n",
	    boundary, attempt_type(upload->attempt));
	buf_printf(&upload->after, "\r\n--%s--\r\n", boundary);
	buf_printf(&type, "multipart/related; boundary=%s", boundary);
	upload_reads(upload);
	if (result == 0)
		result = headers_set(headers, "Content-Type", type.data, why);
	buf_free(&type);
	return result;
}

/* --- a session ------------------------------------------------------------ */

static int
compose_begin(struct upload *upload, struct headers *headers,
    struct why *why)
{
	char length[24];

	upload->call.method = "POST";
	buf_str(&upload->query, "uploadType=resumable");
	put_name(&upload->query, upload->key.data, upload->conditional);
	buf_clear(&upload->body);
	if (put_resource(upload, &upload->body, why) == -1)
		return -1;
	call_body(&upload->call, upload->body.data, upload->body.len);
	(void)snprintf(length, sizeof(length), "%" PRId64,
	    upload->attempt->parcel.content.length);
	if (headers_set(headers, "Content-Type", "application/json",
	    why) == -1 || headers_set(headers, "X-Upload-Content-Type",
	    attempt_type(upload->attempt), why) == -1)
		return -1;
	return headers_set(headers, "X-Upload-Content-Length", length, why);
}

static int
gcs_begun(struct upload *upload, const struct http_answer *answer,
    struct why *why)
{
	(void)answer;
	return gcs_session(upload, upload->call.said.place, why);
}

static int
compose_part(struct upload *upload, struct headers *headers, struct why *why)
{
	int64_t from = (int64_t)upload->part * upload->part_size;
	char range[80];

	upload->call.method = "PUT";
	upload->call.url = upload->id;
	if (parts_read(upload, why) == -1)
		return -1;
	(void)snprintf(range, sizeof(range), "bytes %" PRId64 "-%" PRId64
	    "/%" PRId64, from + upload->skip,
	    from + upload->extent.length - 1,
	    upload->attempt->parcel.content.length);
	return headers_set(headers, "Content-Range", range, why);
}

/* 308: it has that much, of this part or of one before. */
static enum taken
gcs_part(struct upload *upload, const struct http_answer *answer)
{
	int64_t from = (int64_t)upload->part * upload->part_size;
	int64_t end = from + upload->extent.length;
	int64_t at = gcs_session_at(&upload->call.said);

	if (answer->status == 404 || answer->status == 410)
		return TAKEN_lost;
	if (answer->status == 200 || answer->status == 201)
		return upload->completing && answer->all_sent ? TAKEN_yes :
		    TAKEN_not;
	if (answer->status != 308 || at > end || at <= from + upload->skip)
		return TAKEN_not;
	return parts_at(upload, at) ? TAKEN_moved : TAKEN_not;
}

static int
compose_abort(struct upload *upload, struct headers *headers,
    struct why *why)
{
	(void)headers;
	(void)why;
	upload->call.method = "DELETE";
	upload->call.url = upload->id;
	return 0;
}

/* --- an erasure ----------------------------------------------------------- */

static void
gcs_place(const struct config *config, struct buf *out)
{
	buf_printf(out, "%s/%s", config->gcs.endpoint, config->gcs.bucket);
}

/* By its generation it is gone for good, where the bucket keeps versions. */
/* The reason is the same for a bucket; only what it says differs. */
static bool
gcs_gone(const struct call *call, const struct http_answer *answer)
{
	return answer_has_code(call, answer, "notFound") &&
	    answer->body.data != NULL &&
	    strstr(answer->body.data, "\"No such object") != NULL;
}

static int
gcs_erasure(struct call *call, enum erase_step step,
    const struct erase_what *what, struct buf *query, struct headers *headers,
    struct why *why)
{
	(void)headers;
	(void)why;
	call->method = step == ERASE_remove ? "DELETE" : "GET";
	if (what->version[0] != '\0') {
		buf_str(query, "generation=");
		sigv4_encode(query, what->version);
	}
	return 0;
}

/* --- a trial -------------------------------------------------------------- */

static int
gcs_trial(struct call *call, enum trial_step step, struct buf *query,
    struct headers *headers, struct why *why)
{
	call->method = step == TRIAL_delete ? "DELETE" : "POST";
	if (step == TRIAL_delete)
		return 0;
	buf_str(query, "uploadType=media");
	put_name(query, call->key, step == TRIAL_again);
	return headers_set(headers, "Content-Type", "application/json", why);
}

const struct cloud cloud_gcs = {
	.endpoint = gcs_endpoint,
	.said = said,
	.codes = gcs_codes,
	.code = gcs_code,
	.start = gcs_start,
	.refused = gcs_token_refused,
	.part_from = 8 * 1024 * 1024LL,
	.parts_max = 1000000,
	.flat = true,
	.md5 = true,
	.kept = true,
	.compose = {
		[UPLOAD_ask] = compose_ask,
		[UPLOAD_put] = compose_put,
		[UPLOAD_begin] = compose_begin,
		[UPLOAD_part] = compose_part,
		[UPLOAD_abort] = compose_abort,
	},
	.described = gcs_described,
	.begun = gcs_begun,
	.part = gcs_part,
	.finished = gcs_finished,
	.recover = gcs_recover,
	.relocate = true,
	.versions = true,
	.gone = gcs_gone,
	.erasure = gcs_erasure,
	.erase_words = "the account may not do that: storage.objects.get and "
	    "storage.objects.delete are needed",
	.place = gcs_place,
	.trial = gcs_trial,
};
