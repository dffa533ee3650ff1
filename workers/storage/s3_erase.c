/*
 * s3_erase - what was stored is to go
 *
 * The object is looked at first: it must bear the mark and have the content of
 * what was delivered.  In a bucket with versions only that one goes, by its
 * version; where there are none, If-Match keeps what somebody puts there
 * between looking and removing, as far as the server knows it.
 *
 * Then what has the key is looked at once more: an attempt whose answer was
 * lost may have stored a version of its own, which would come to light now.
 */
#include <string.h>

#include "lib/hex.h"

#include "workers/storage/provider.h"

#define ROUNDS_MAX 16		/* looks at one key */

static void	 look(struct erasure *, const char *version);

static struct s3_erasure *
s3_of(struct erasure *erasure)
{
	struct erasing *erasing = erasure->state;

	return &erasing->s3;
}

void
s3_place(const struct config *config, struct buf *out)
{
	buf_printf(out, "%s/%s", config->s3.endpoint, config->s3.bucket);
}

void
s3_erasure_close(struct erasure *erasure)
{
	struct erasing *erasing = erasure->state;

	buf_free(&erasing->s3.key);
	buf_free(&erasing->s3.query);
}

/* --- ends ----------------------------------------------------------------- */

/*
 * By an answer that is no success.  What is wrong with this object alone is
 * PERMISSION_DENIED: a lock, a legal hold of the bucket's, a policy.
 */
static void
end_refused(struct erasure *erasure, const struct http_answer *answer)
{
	const struct erasing *erasing = erasure->state;
	struct link_record outcome;
	struct verdict_text said;
	enum error error;

	link_init(&outcome, LINK_outcome);
	s3_verdict(&erasing->s3.call, answer, "", &outcome, &said);
	error = (enum error)outcome.outcome.error;
	if (s3_is(answer, "AccessDenied")) {
		error = ERROR_PERMISSION_DENIED;
		(void)snprintf(said.reason, sizeof(said.reason), "it answered "
		    "%d AccessDenied: it is locked, or the key may not do "
		    "that: s3:GetObject, s3:ListBucket, s3:DeleteObject and "
		    "s3:DeleteObjectVersion are needed", answer->status);
	} else if (answer->status / 100 == 4 && answer->status != 429 &&
	    (error == ERROR_HTTP_STATUS || error == ERROR_NONE))
		error = ERROR_PERMISSION_DENIED;
	else if (error == ERROR_NONE)
		error = ERROR_PROTOCOL_ERROR;
	buf_free(&said.remote);
	erasure_end(erasure, error, answer->status, said.reason);
}

/* --- calls ---------------------------------------------------------------- */

/* Starts one; its headers become the call's.  Ends the erasure if it cannot. */
static void
start(struct erasure *erasure, const char *method, const char *version,
    struct headers *headers, void (*done)(void *, const struct http_answer *))
{
	struct s3_erasure *s3 = s3_of(erasure);
	struct s3_call *call = &s3->call;
	struct why why;

	buf_clear(&s3->query);
	if (version[0] != '\0') {
		buf_str(&s3->query, "versionId=");
		sigv4_encode(&s3->query, version);
	}
	s3_body(call, NULL, 0);
	call->courier = erasure->courier;
	call->config = erasure->config;
	call->timeout = erasure->facts.timeout;
	call->method = method;
	call->key = s3->key.data;
	call->query = s3->query.len > 0 ? s3->query.data : "";
	call->headers = *headers;
	call->done = done;
	call->arg = erasure;
	erasure_moved(erasure);
	if (s3_start(call, &why) == -1)
		erasure_fail(erasure, &why);
}

/* --- removing ------------------------------------------------------------- */

static void	 remove_start(struct erasure *, const char *version,
		    const char *etag);

static void
remove_done(void *arg, const struct http_answer *answer)
{
	struct erasure *erasure = arg;
	struct s3_erasure *s3 = s3_of(erasure);

	if (answer->status / 100 == 2 || answer->status == 404) {
		s3->removed++;
		look(erasure, "");
	} else if (answer->status == 501 && !s3->unconditional) {
		s3->unconditional = true;
		look(erasure, s3->looked);
	} else if (answer->status == 412 && !s3->unconditional)
		look(erasure, s3->looked);	/* it has just changed */
	else
		end_refused(erasure, answer);
}

static void
remove_start(struct erasure *erasure, const char *version, const char *etag)
{
	struct s3_erasure *s3 = s3_of(erasure);
	struct headers headers = { 0 };
	struct buf quoted = { 0 };
	struct why why;
	int result = headers_set(&headers, "Content-Type", TYPE_UNKNOWN,
	    &why);

	buf_printf(&quoted, "\"%s\"", etag);
	if (result == 0 && version[0] == '\0' && etag[0] != '\0' && !s3->unconditional)
		result = headers_set(&headers, "If-Match", quoted.data, &why);
	buf_free(&quoted);
	if (result == -1) {
		headers_free(&headers);
		erasure_fail(erasure, &why);
		return;
	}
	start(erasure, "DELETE", version, &headers, remove_done);
}

/* --- looking -------------------------------------------------------------- */

static bool
is_the_one(const struct erasure *erasure)
{
	const struct erasing *erasing = erasure->state;
	const struct s3_said *said = &erasing->s3.call.said;
	char hex[HEX_SIZE(SHA256_LENGTH)];

	hex_format(erasure->facts.sha256, SHA256_LENGTH, hex);
	return strcmp(said->mark, erasing->locator.mark) == 0 &&
	    strcmp(said->own_sha256, hex) == 0;
}

/* Why HEAD was refused; its own answer cannot say so, it has no body. */
static void
explain_done(void *arg, const struct http_answer *answer)
{
	struct erasure *erasure = arg;

	if (answer->status / 100 == 2)
		erasure_end(erasure, ERROR_PROTOCOL_ERROR, answer->status,
		    "it refuses HEAD, but not GET");
	else
		end_refused(erasure, answer);
}

static void
explain(struct erasure *erasure)
{
	struct s3_erasure *s3 = s3_of(erasure);
	struct headers headers = { 0 };
	struct why why;

	if (headers_set(&headers, "Content-Type", TYPE_UNKNOWN, &why) == 0 &&
	    headers_set(&headers, "Range", "bytes=0-0", &why) == 0) {
		start(erasure, "GET", s3->looked, &headers, explain_done);
		return;
	}
	headers_free(&headers);
	erasure_fail(erasure, &why);
}

/* What has the key now is somebody else's. */
static void
end_other(struct erasure *erasure)
{
	const struct erasing *erasing = erasure->state;

	if (erasing->s3.removed > 0 || (erasing->s3.looked[0] == '\0' &&
	    erasing->locator.version[0] != '\0'))
		erasure_gone(erasure);
	else
		erasure_end(erasure, ERROR_CONFLICT, 0, "something else has "
		    "that key now: it was left there");
}

static void
look_done(void *arg, const struct http_answer *answer)
{
	struct erasure *erasure = arg;
	struct s3_erasure *s3 = s3_of(erasure);
	char version[S3_TAG_MAX], etag[S3_TAG_MAX];
	bool removed = s3->removed > 0;

	if (answer->status == 200 && is_the_one(erasure)) {
		(void)snprintf(version, sizeof(version), "%s",
		    s3->call.said.version);
		(void)snprintf(etag, sizeof(etag), "%s", s3->call.said.etag);
		remove_start(erasure, version, etag);
	} else if (answer->status == 200)
		end_other(erasure);
	else if (answer->status == 404 && s3->looked[0] != '\0')
		look(erasure, "");
	/* Who may not list a bucket hears 403 of what is gone. */
	else if (answer->status == 404 || (removed && answer->status == 403))
		erasure_gone(erasure);
	else if (answer->status / 100 == 4)
		explain(erasure);
	else
		end_refused(erasure, answer);
}

static void
look(struct erasure *erasure, const char *version)
{
	struct s3_erasure *s3 = s3_of(erasure);
	struct headers headers = { 0 };
	char copy[S3_TAG_MAX];

	if (s3->rounds++ == ROUNDS_MAX) {
		erasure_end(erasure, ERROR_PERMISSION_DENIED, 0,
		    "it is there still, however often it is removed");
		return;
	}
	(void)snprintf(copy, sizeof(copy), "%s", version);
	(void)snprintf(s3->looked, sizeof(s3->looked), "%s", copy);
	start(erasure, "HEAD", copy, &headers, look_done);
}

void
s3_erase(struct erasure *erasure)
{
	struct erasing *erasing = erasure->state;

	sigv4_encode_path(&erasing->s3.key, erasing->locator.path);
	look(erasure, erasing->locator.version);
}
