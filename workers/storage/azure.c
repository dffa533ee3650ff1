/*
 * azure - what Azure Storage is asked, and what it says
 *
 * The service compares each body with its MD5, and keeps that of the whole as
 * the blob's Content-MD5.
 */
#include <ctype.h>
#include <string.h>

#include "lib/base64.h"

#include "workers/storage/azure.h"
#include "workers/storage/provider.h"

#define META "X-Ms-Meta-"

static const struct said_header said[] = {
	SAID("ETag", etag),
	SAID("X-Ms-Version-Id", version),
	SAID("Content-MD5", md5),
	SAID(META "Spoold_Sha256", own_sha256),
	SAID(META "Spoold_Mark", mark),
	SAID("Content-Length", length),
	SAID("X-Ms-Error-Code", code),
	{ .name = NULL }
};

static const char *
azure_endpoint(const struct config *config)
{
	return config->azure.endpoint;
}

/* --- headers -------------------------------------------------------------- */

/*
 * Names are those of C#: letters, digits and `_`, no digit first.  What is
 * none of these becomes `_`.
 */
static int
put_metadata_header(void *arg, const char *name, const char *value,
    struct why *why)
{
	struct buf header = { 0 };
	int result;

	buf_str(&header, META);
	if (isdigit((unsigned char)name[0]))
		buf_char(&header, '_');
	for (; *name != '\0'; name++)
		buf_char(&header, isalnum((unsigned char)*name) ? *name : '_');
	result = describe_header(arg, header.data, value, why);
	buf_free(&header);
	return result;
}

/* The blob's type and the MD5 of all of it. */
static int
set_content(struct upload *upload, struct headers *headers, struct why *why)
{
	if (headers_set(headers, "X-Ms-Blob-Content-Type",
	    attempt_type(upload->attempt), why) == -1 ||
	    headers_set_base64(headers, "X-Ms-Blob-Content-MD5",
	    upload->whole_md5, MD5_LENGTH, why) == -1 ||
	    headers_set_if(headers, "If-None-Match",
	    upload->conditional ? "*" : NULL, why) == -1)
		return -1;
	return describe(upload->attempt, put_metadata_header, headers, why);
}

/* --- one blob, one request ------------------------------------------------ */

static int
compose_ask(struct upload *upload, struct headers *headers, struct why *why)
{
	(void)headers;
	(void)why;
	upload->call.method = "HEAD";
	return 0;
}

static int
compose_put(struct upload *upload, struct headers *headers, struct why *why)
{
	upload->call.method = "PUT";
	upload_reads(upload);
	if (headers_set(headers, "X-Ms-Blob-Type", "BlockBlob", why) == -1 ||
	    headers_set(headers, "Content-Type", TYPE_UNKNOWN, why) == -1 ||
	    headers_set_base64(headers, "Content-MD5", upload->whole_md5,
	    MD5_LENGTH, why) == -1)
		return -1;
	return set_content(upload, headers, why);
}

/* Of a list of blocks the answer's MD5 is the list's. */
static int
azure_finished(struct upload *upload, const struct http_answer *answer,
    struct why *why)
{
	const struct said *has = &upload->call.said;
	struct buf md5 = { 0 };
	bool same = answer->status == 201 && has->etag[0] != '\0';

	base64_encode(&md5, upload->whole_md5, MD5_LENGTH, BASE64_STANDARD);
	if (!upload->parted && has->md5[0] != '\0')
		same = same && strcmp(has->md5, md5.data) == 0;
	buf_free(&md5);
	return same ? 0 : why_set(why, ERROR_PROTOCOL_ERROR,
	    "what it answers is not what it says of a blob that it has "
	    "stored");
}

/* --- blocks --------------------------------------------------------------- */

static int
compose_part(struct upload *upload, struct headers *headers, struct why *why)
{
	const struct part *part = &upload->parts[upload->part];
	char id[BLOCK_ID_MAX];

	upload->call.method = "PUT";
	azure_block_id(upload, upload->part, id);
	buf_printf(&upload->query, "blockid=%s&comp=block", id);
	if (parts_read(upload, why) == -1 || headers_set(headers,
	    "Content-Type", TYPE_UNKNOWN, why) == -1)
		return -1;
	return headers_set_base64(headers, "Content-MD5", part->md5,
	    MD5_LENGTH, why);
}

static enum taken
azure_part(struct upload *upload, const struct http_answer *answer)
{
	(void)upload;
	return answer->status == 201 && answer->all_sent ? TAKEN_yes :
	    TAKEN_not;
}

static int
compose_complete(struct upload *upload, struct headers *headers,
    struct why *why)
{
	char id[BLOCK_ID_MAX];

	upload->call.method = "PUT";
	buf_str(&upload->query, "comp=blocklist");
	buf_clear(&upload->body);
	buf_str(&upload->body, "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
	    "<BlockList>");
	for (size_t i = 0; i < upload->part_count; i++) {
		azure_block_id(upload, i, id);
		buf_printf(&upload->body, "<Uncommitted>%s</Uncommitted>",
		    id);
	}
	buf_str(&upload->body, "</BlockList>");
	call_body(&upload->call, upload->body.data, upload->body.len);
	return headers_set(headers, "Content-Type", "application/xml",
	    why) == -1 ? -1 : set_content(upload, headers, why);
}

/* --- an erasure ----------------------------------------------------------- */

static void
azure_place(const struct config *config, struct buf *out)
{
	buf_printf(out, "%s/%s", config->azure.endpoint,
	    config->azure.container);
}

/* What an account keeps of versions and of what was deleted is its own. */
static bool
azure_gone(const struct call *call, const struct http_answer *answer)
{
	return answer_has_code(call, answer, "BlobNotFound");
}

static int
azure_erasure(struct call *call, enum erase_step step,
    const struct erase_what *what, struct buf *query, struct headers *headers,
    struct why *why)
{
	struct buf quoted = { 0 };
	int result;

	(void)query;
	call->method = step == ERASE_remove ? "DELETE" : "HEAD";
	if (step != ERASE_remove)
		return 0;
	buf_printf(&quoted, "\"%s\"", what->tag);
	result = headers_set(headers, "If-Match", quoted.data, why);
	buf_free(&quoted);
	return result;
}

/* --- a trial -------------------------------------------------------------- */

static int
azure_trial(struct call *call, enum trial_step step, struct buf *query,
    struct headers *headers, struct why *why)
{
	(void)query;
	call->method = step == TRIAL_delete ? "DELETE" : "PUT";
	if (step == TRIAL_delete)
		return 0;
	if (headers_set(headers, "X-Ms-Blob-Type", "BlockBlob", why) == -1 ||
	    headers_set(headers, "Content-Type", "application/json",
	    why) == -1)
		return -1;
	return headers_set_if(headers, "If-None-Match",
	    step == TRIAL_again ? "*" : NULL, why);
}

const struct cloud cloud_azure = {
	.endpoint = azure_endpoint,
	.said = said,
	.codes = azure_codes,
	.code = azure_code,
	.start = azure_start,
	.part_from = 64 * 1024 * 1024LL,
	.parts_max = 50000,
	.md5 = true,
	.part_md5 = true,
	.compose = {
		[UPLOAD_ask] = compose_ask,
		[UPLOAD_put] = compose_put,
		[UPLOAD_part] = compose_part,
		[UPLOAD_complete] = compose_complete,
	},
	.part = azure_part,
	.finished = azure_finished,
	.recover = azure_recover,
	.gone = azure_gone,
	.erasure = azure_erasure,
	.erase_words = "the sasToken may not do that: read and delete are "
	    "needed",
	.place = azure_place,
	.trial = azure_trial,
};
