/*
 * verbs_submit - what a submitter asks: what becomes of his drop, and of a job
 *
 * Another's drop or job is answered as one that does not exist.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/spool.h"

#include "spoold/commit.h"
#include "spoold/connection.h"
#include "spoold/drop.h"
#include "spoold/limits.h"
#include "spoold/organization.h"
#include "spoold/receipts.h"
#include "spoold/recent.h"
#include "spoold/reserve.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/verbs.h"

#define RETRY_LATER 60		/* seconds, for details.retryAfter */

/* --- delivery.submit ------------------------------------------------------ */

static void
submit_answer(struct request *request, const char *id, const char *status,
    const char *const *destinations, size_t count, int64_t queued_at)
{
	struct buf result = { 0 };

	json_open(&result, NULL, '{');
	json_put_string(&result, "deliveryId", id);
	json_put_string(&result, "status", status);
	json_open(&result, "destinations", '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&result, NULL, '{');
		json_put_string(&result, "destinationId", destinations[i]);
		json_put_string(&result, "status", "pending");
		json_close(&result, '}');
	}
	json_close(&result, ']');
	json_put_time(&result, "queuedAt", queued_at);
	json_close(&result, '}');
	request_answer(request, &result);
}

void
server_drop_accepted(struct request *request, const struct facts *facts)
{
	char id[ID_LENGTH + 1];

	id_format(&facts->id, id);
	submit_answer(request, id, "queued",
	    (const char *const *)facts->job.destinations,
	    facts->job.destination_count, facts->accepted_at);
}

void
server_drop_refused(struct request *request, const struct why *why)
{
	request_fail(request, why);
}

void
server_drop_gone(struct request *request)
{
	struct why why;

	(void)why_set(&why, ERROR_DELIVERY_NOT_FOUND,
	    "the drop is not in new/ any more");
	request_fail(request, &why);
}

static void
submit_unknown(struct request *request)
{
	struct why why;

	(void)why_set(&why, ERROR_DELIVERY_NOT_FOUND,
	    "there is no drop of that name in new/");
	request_fail(request, &why);
}

/* A refused drop's receipt has its error. */
static void
submit_refused(struct request *request, const struct json *receipt)
{
	const struct json *error = json_get(receipt, "error");
	const struct json *details = json_get(error, "details");
	struct why why;

	(void)why_set(&why, error_by_name(json_string(json_get(error, "code"),
	    "")), "%s", json_string(json_get(error, "message"), ""));
	(void)snprintf(why.path, sizeof(why.path), "%s",
	    json_string(json_get(details, "path"), ""));
	why.offset = json_integer(json_get(details, "offset"), -1);
	(void)snprintf(why.id, sizeof(why.id), "%s",
	    json_string(json_get(receipt, "deliveryId"), ""));
	request_fail(request, &why);
}

/* The drop was judged before the question came. */
static void
submit_judged(struct request *request, const struct id *id, const char *name)
{
	char text[ID_LENGTH + 1];
	const struct json *entry;
	const char *names[JOB_DESTINATIONS_MAX];
	struct buf status = { 0 };
	struct json *receipt = NULL;
	size_t count = 0;
	int64_t created = 0;
	struct why why;
	bool finished;

	if (receipts_status(request->organization, id, name, &status,
	    &finished, &why) == 1)
		receipt = json_parse(status.data, status.len, &why);
	if (receipt == NULL) {
		server_drop_gone(request);
		goto out;
	}
	if (!request_may_see(request, json_string(json_get(receipt,
	    "submitter"), ""))) {
		submit_unknown(request);
		goto out;
	}
	if (strcmp(json_string(json_get(receipt, "status"), ""),
	    "refused") == 0) {
		submit_refused(request, receipt);
		goto out;
	}
	for (entry = json_first(json_get(receipt, "destinations"));
	    entry != NULL && count < JOB_DESTINATIONS_MAX;
	    entry = json_next(entry))
		names[count++] = json_string(json_get(entry, "destinationId"),
		    "");
	id_format(id, text);
	(void)clock_parse(json_string(json_get(receipt, "createdAt"), ""),
	    &created);
	submit_answer(request, text, json_string(json_get(receipt, "status"),
	    "queued"), names, count, created);
out:
	json_free(&receipt);
	buf_free(&status);
}

void
verb_delivery_submit(struct request *request)
{
	struct spoold *s = request->spoold;
	struct organization *org = request->organization;
	const char *name = request_string(request, "name", "");
	const struct id *judged;
	struct statx stat;
	struct drop *drop;
	struct why why = { .code = ERROR_NONE };

	if (strchr(name, '/') == NULL && name[0] != '\0' &&
	    spool_stat(org->spool, QUEUE_new, name, &stat, &why) == 1) {
		if (!request->owner &&
		    stat.stx_uid != request->connection->peer.uid) {
			request_denied(request);
			submit_unknown(request);
			return;
		}
		if (drop_find(org, name) == NULL)
			drop_seen(s, org, name);
	}
	drop = drop_find(org, name);
	judged = drop == NULL ? recent_find(s->recent, org, name) : NULL;
	if (judged != NULL) {
		submit_judged(request, judged, name);
		return;
	}
	/* More may wait than fit memory: then it is there all the same. */
	if (drop == NULL && (!org->drops.more ||
	    limits_hold(s, org, &why) == 0)) {
		submit_unknown(request);
		return;
	}
	if (drop != NULL && drop->request != NULL)
		(void)why_set(&why, ERROR_CONFLICT,
		    "somebody waits for this drop already");
	else if (s->phase != PHASE_RUNNING || s->offline ||
	    !commit_possible(s, org))
		(void)why_set(&why, ERROR_UNAVAILABLE,
		    "nothing is accepted now");
	else if (!reserve_holds(s))
		(void)why_set(&why, ERROR_STORAGE_RESERVE, "%s",
		    s->alerts[ALERT_reserve].reason);
	else if (drop != NULL && (drop->counted ||
	    limits_hold(s, org, &why) == 0)) {
		drop->request = request;
		return;
	}
	if (why.code == ERROR_STORAGE_RESERVE && why.retry_after == 0)
		why.retry_after = RETRY_LATER;
	request_fail(request, &why);
}

/* --- delivery.status ------------------------------------------------------ */

/* True if the asker may have that receipt. */
static bool
status_may_see(struct request *request, const struct buf *receipt)
{
	struct json *read;
	struct why why;
	bool may;

	if (request->owner)
		return true;
	read = json_parse(receipt->data, receipt->len, &why);
	may = request_may_see(request, json_string(json_get(read,
	    "submitter"), ""));
	json_free(&read);
	return may;
}

void
verb_delivery_status(struct request *request)
{
	struct organization *org = request->organization;
	const char *id = request_string(request, "deliveryId", "");
	struct buf result = { 0 };
	bool finished = true;
	struct why why;
	int found = 0;

	if (strlen(id) == ID_LENGTH && id_parse(id, &request->job) == 0)
		found = receipts_status(org, &request->job,
		    request_string(request, "name", NULL), &result, &finished,
		    &why);
	if (found == 1 && !status_may_see(request, &result))
		found = 0;
	if (found == 0)
		(void)why_set(&why, ERROR_DELIVERY_NOT_FOUND,
		    "nothing is known of %s", id);
	if (found != 1) {
		buf_free(&result);
		request_fail(request, &why);
		return;
	}
	if (!finished && !request->spoold->offline &&
	    json_boolean(json_get(request->json, "wait"), false)) {
		buf_free(&result);
		request->waits_for_job = true;
		return;
	}
	request_answer(request, &result);
}
