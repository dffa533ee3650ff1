/*
 * cloud_erase - what was stored is to go
 *
 * The object is looked at first: it must bear the mark and have the content of
 * what was delivered.  Where there are versions only that one goes, by its
 * version; where there are none, a condition keeps what somebody puts there
 * between looking and removing, as far as the server knows it.
 *
 * Then what has the key is looked at once more: an attempt whose answer was
 * lost may have stored a version of its own, which would come to light now.
 */
#include <string.h>

#include "lib/hex.h"

#include "workers/common/sigv4.h"
#include "workers/storage/provider.h"

#define ROUNDS_MAX 16		/* looks at one key */

static void	 look(struct erasure *, const char *version);

static struct cloud_erasure *
cloud_of(struct erasure *erasure)
{
	struct erasing *erasing = erasure->state;

	return &erasing->cloud;
}

void
cloud_key(const struct cloud *cloud, const char *path, struct buf *out)
{
	if (cloud->flat)
		sigv4_encode(out, path);
	else
		sigv4_encode_path(out, path);
}

void
cloud_place(const struct config *config, struct buf *out)
{
	config->provider->cloud->place(config, out);
}

void
cloud_erasure_close(struct erasure *erasure)
{
	struct cloud_erasure *state = cloud_of(erasure);

	buf_free(&state->key);
	buf_free(&state->query);
}

/* --- ends ----------------------------------------------------------------- */

/*
 * By an answer that is no success.  What is wrong with this object alone is
 * PERMISSION_DENIED: a lock, a legal hold of the bucket's, a policy.
 */
static void
end_refused(struct erasure *erasure, const struct http_answer *answer)
{
	const struct config *config = erasure->config;
	const struct cloud *cloud = config->provider->cloud;
	const struct call *call = &cloud_of(erasure)->call;
	struct link_record outcome;
	struct verdict_text said;
	char code[CODE_MAX] = "";
	enum error error;

	link_init(&outcome, LINK_outcome);
	answer_verdict(call, answer, "", &outcome, &said);
	error = (enum error)outcome.outcome.error;
	if ((answer_flags(call, answer) & CODE_KNOWN) != 0) {
		error = ERROR_PERMISSION_DENIED;
		(void)cloud->code(call, answer, code, sizeof(code));
		(void)snprintf(said.reason, sizeof(said.reason),
		    "it answered %d %s: %s", answer->status, code,
		    cloud->erase_words);
	} else if (answer->status / 100 == 4 && answer->status != 429 &&
	    !call->denied && (error == ERROR_HTTP_STATUS ||
	    error == ERROR_NONE || error == ERROR_CONFLICT))
		error = ERROR_PERMISSION_DENIED;
	else if (error == ERROR_NONE)
		error = ERROR_PROTOCOL_ERROR;
	buf_free(&said.remote);
	erasure_end(erasure, error, answer->status, said.reason);
}

/* --- calls ---------------------------------------------------------------- */

static void
done(void *arg, const struct http_answer *answer)
{
	struct erasure *erasure = arg;
	struct cloud_erasure *state = cloud_of(erasure);

	if (state->call.denied)
		end_refused(erasure, answer);
	else
		state->then(erasure, answer);
}

/* Starts a step, or ends the erasure if it cannot. */
static void
start(struct erasure *erasure, enum erase_step step, const char *version,
    const char *tag, void (*then)(struct erasure *,
    const struct http_answer *))
{
	const struct config *config = erasure->config;
	struct cloud_erasure *state = cloud_of(erasure);
	const struct erase_what what = { version, tag,
		state->unconditional };
	struct call *call = &state->call;
	struct headers headers = { 0 };
	struct why why;

	buf_clear(&state->query);
	buf_str(&state->query, "");
	call_body(call, NULL, 0);
	call->courier = erasure->courier;
	call->config = erasure->config;
	call->timeout = erasure->facts.timeout;
	call->key = state->key.data;
	call->done = done;
	call->arg = erasure;
	state->then = then;
	erasure_moved(erasure);
	if (config->provider->cloud->erasure(call, step, &what, &state->query,
	    &headers, &why) == -1) {
		headers_free(&headers);
		erasure_fail(erasure, &why);
		return;
	}
	call->headers = headers;
	call->query = state->query.data;
	if (call_start(call, &why) == -1)
		erasure_fail(erasure, &why);
}

/* --- removing ------------------------------------------------------------- */

/* Nothing has it any more, or it has just changed. */
static void
remove_done(struct erasure *erasure, const struct http_answer *answer)
{
	struct cloud_erasure *state = cloud_of(erasure);

	if (answer->status / 100 == 2 || answer->status == 404) {
		state->removed++;
		look(erasure, "");
	} else if (answer->status == 501 && !state->unconditional) {
		state->unconditional = true;
		look(erasure, state->looked);
	} else if (answer->status == 412 && !state->unconditional)
		look(erasure, state->looked);
	else
		end_refused(erasure, answer);
}

/* --- looking -------------------------------------------------------------- */

static bool
is_the_one(const struct erasure *erasure)
{
	const struct erasing *erasing = erasure->state;
	const struct said *said = &erasing->cloud.call.said;
	char hex[HEX_SIZE(SHA256_LENGTH)];

	hex_format(erasure->facts.sha256, SHA256_LENGTH, hex);
	return strcmp(said->mark, erasing->locator.mark) == 0 &&
	    strcmp(said->own_sha256, hex) == 0;
}

/*
 * Nothing has that key; whereas a store that is not there, or somebody's page
 * in its place, says nothing of what was stored.
 */
static bool
is_gone(const struct erasure *erasure, const struct http_answer *answer)
{
	const struct config *config = erasure->config;
	const struct erasing *erasing = erasure->state;

	return answer->status == 404 && config->provider->cloud->gone(
	    &erasing->cloud.call, answer);
}

/* Why HEAD was refused; its own answer cannot say so, it has no body. */
static void
explain_done(struct erasure *erasure, const struct http_answer *answer)
{
	if (is_gone(erasure, answer))
		erasure_gone(erasure);
	else if (answer->status / 100 == 2)
		erasure_end(erasure, ERROR_PROTOCOL_ERROR, answer->status,
		    "it refuses HEAD, but not GET");
	else
		end_refused(erasure, answer);
}

/* What has the key now is somebody else's. */
static void
end_other(struct erasure *erasure)
{
	const struct erasing *erasing = erasure->state;

	if (erasing->cloud.removed > 0 || (erasing->cloud.looked[0] == '\0' &&
	    erasing->locator.version[0] != '\0'))
		erasure_gone(erasure);
	else
		erasure_end(erasure, ERROR_CONFLICT, 0, "something else has "
		    "that key now: it was left there");
}

static void
look_done(struct erasure *erasure, const struct http_answer *answer)
{
	const struct config *config = erasure->config;
	const struct cloud *cloud = config->provider->cloud;
	struct cloud_erasure *state = cloud_of(erasure);
	struct said *said = &state->call.said;
	char version[TAG_MAX], tag[TAG_MAX];
	bool removed = state->removed > 0;

	if (answer->status == 200 && cloud->described != NULL)
		cloud->described(answer, said);
	if (answer->status == 200 && is_the_one(erasure)) {
		(void)snprintf(version, sizeof(version), "%s", said->version);
		(void)snprintf(tag, sizeof(tag), "%s", said->etag);
		start(erasure, ERASE_remove, version, tag, remove_done);
	} else if (answer->status == 200 && (said->etag[0] != '\0' ||
	    said->version[0] != '\0'))
		end_other(erasure);
	else if (answer->status == 404 && state->looked[0] != '\0')
		look(erasure, "");
	/* Who may not list a bucket hears 403 of what is gone. */
	else if (is_gone(erasure, answer) || (removed &&
	    (answer->status == 404 || answer->status == 403)))
		erasure_gone(erasure);
	else if (answer->status / 100 == 4 &&
	    cloud->compose[UPLOAD_explain] != NULL)
		start(erasure, ERASE_explain, state->looked, "",
		    explain_done);
	else
		end_refused(erasure, answer);
}

static void
look(struct erasure *erasure, const char *version)
{
	struct cloud_erasure *state = cloud_of(erasure);
	char copy[TAG_MAX];

	if (state->rounds++ == ROUNDS_MAX) {
		erasure_end(erasure, ERROR_PERMISSION_DENIED, 0,
		    "it is there still, however often it is removed");
		return;
	}
	(void)snprintf(copy, sizeof(copy), "%s", version);
	(void)snprintf(state->looked, sizeof(state->looked), "%s", copy);
	start(erasure, ERASE_look, copy, "", look_done);
}

void
cloud_erase(struct erasure *erasure)
{
	const struct config *config = erasure->config;
	struct erasing *erasing = erasure->state;

	cloud_key(config->provider->cloud, erasing->locator.path,
	    &erasing->cloud.key);
	look(erasure, erasing->locator.version);
}
