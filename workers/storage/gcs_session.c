/*
 * gcs_session - a resumable upload's session
 *
 * Its URL comes from an answer, and is used for nothing but the endpoint's own
 * host: an answer never sends a content elsewhere.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/url.h"
#include "lib/xalloc.h"

#include "workers/storage/gcs.h"
#include "workers/storage/provider.h"

#define KEPT_AS "gcs"		/* its URL */

static bool
is_endpoints(const struct upload *upload, const char *text)
{
	const struct config *config = upload->attempt->config;
	struct buf own = { 0 }, other = { 0 };
	struct url endpoint, url;
	bool same = false;

	for (const char *p = text; *p != '\0'; p++)
		if (*p <= 0x20 || *p > 0x7e)
			return false;
	if (url_parse(config->gcs.endpoint, &endpoint) == NULL &&
	    url_parse(text, &url) == NULL) {
		url_origin(&endpoint, &own);
		url_origin(&url, &other);
		same = strcmp(own.data, other.data) == 0;
	}
	buf_free(&own);
	buf_free(&other);
	return same;
}

int
gcs_session(struct upload *upload, const char *url, struct why *why)
{

	if (url[0] == '\0')
		return why_set(why, ERROR_PROTOCOL_ERROR,
		    "it began an upload without saying where");
	if (!is_endpoints(upload, url))
		return why_set(why, ERROR_PROTOCOL_ERROR, "it began an "
		    "upload at a URL that is not its own host's");
	upload->id = xstrdup(url);
	upload_keep(upload, KEPT_AS, url);
	return 0;
}

/* What the last attempt had, if the destination is the same still. */
static bool
take_kept(struct upload *upload)
{
	const char *kept = upload_kept(upload, KEPT_AS);

	if (kept != NULL && is_endpoints(upload, kept))
		upload->id = xstrdup(kept);
	return upload->id != NULL;
}

/* `bytes=0-N`, or nothing where it has nothing; -1: neither. */
int64_t
gcs_session_at(const struct said *said)
{
	char *end;
	long long last;

	if (said->range[0] == '\0')
		return 0;
	if (strncmp(said->range, "bytes=0-", 8) != 0 ||
	    said->range[8] < '0' || said->range[8] > '9')
		return -1;
	last = strtoll(said->range + 8, &end, 10);
	return *end != '\0' || last < 0 ? -1 : (int64_t)last + 1;
}

static void
found(struct upload *upload, const struct http_answer *answer)
{
	struct why why;

	if (answer->status == 200 || answer->status == 201)
		upload_end(upload, answer);
	else if (answer->status == 404 || answer->status == 410)
		parts_lost(upload);
	else if (answer->status != 308)
		parts_failed(upload, answer, gcs_recover);
	else if (!parts_at(upload, gcs_session_at(&upload->call.said))) {
		(void)why_set(&why, ERROR_PROTOCOL_ERROR, "it says to have "
		    "more of the upload than there is, and not that it is "
		    "done");
		parts_give_up(upload, &why);
	} else {
		upload->tries--;	/* that was no part's */
		parts_next(upload, answer);
	}
}

void
gcs_recover(struct upload *upload)
{
	struct headers headers = { 0 };
	struct call *call = &upload->call;
	char range[40];
	struct why why;

	if (upload->id == NULL && !take_kept(upload)) {
		parts_create(upload);
		return;
	}
	upload->tries++;
	(void)snprintf(range, sizeof(range), "bytes */%" PRId64,
	    upload->attempt->parcel.content.length);
	call_body(call, NULL, 0);
	call->method = "PUT";
	call->url = upload->id;
	if (headers_set(&headers, "Content-Range", range, &why) == 0 &&
	    upload_start(upload, &headers, found, &why) == 0)
		return;
	headers_free(&headers);
	parts_give_up(upload, &why);
}
