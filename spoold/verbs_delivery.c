/*
 * verbs_delivery - submit, status, and what operators do to tickets
 *
 * Tickets are named by their files' names, as the commands found them in the
 * directories, or by id (and destination).
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/change.h"
#include "spoold/commit.h"
#include "spoold/drop.h"
#include "spoold/forward.h"
#include "spoold/organization.h"
#include "spoold/receipts.h"
#include "spoold/recent.h"
#include "spoold/reserve.h"
#include "spoold/server.h"
#include "spoold/settle.h"
#include "spoold/spoold.h"
#include "spoold/target.h"

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

static void
submit(struct request *request)
{
	struct spoold *s = request->spoold;
	struct organization *org = request->organization;
	const char *name = request_string(request, "name", "");
	const struct id *judged;
	struct statx stat;
	struct drop *drop;
	struct why why = { .code = ERROR_NONE };

	drop = drop_find(org, name);
	if (drop == NULL && strchr(name, '/') == NULL && name[0] != '\0' &&
	    spool_stat(org->spool, QUEUE_new, name, &stat, &why) == 1) {
		drop_seen(s, org, name);
		drop = drop_find(org, name);
	}
	judged = drop == NULL ? recent_find(s->recent, org, name) : NULL;
	if (judged != NULL) {
		submit_judged(request, judged, name);
		return;
	}
	/* More may wait than fit memory: then it is there all the same. */
	if (drop == NULL && (!org->drops.more ||
	    limits_hold(s, org, &why) == 0))
		(void)why_set(&why, ERROR_DELIVERY_NOT_FOUND,
		    "there is no drop of that name in new/");
	else if (drop != NULL && drop->request != NULL)
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

static void
status(struct request *request)
{
	struct organization *org = request->organization;
	const char *id = request_string(request, "deliveryId", "");
	struct buf result = { 0 };
	bool finished = true;
	struct why why;
	int found = 0;

	if (id[0] == '\0') {
		(void)why_field(&why, "deliveryId", "is needed");
		request_fail(request, &why);
		return;
	}
	if (strlen(id) == ID_LENGTH && id_parse(id, &request->job) == 0)
		found = receipts_status(org, &request->job,
		    request_string(request, "name", NULL), &result, &finished,
		    &why);
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

/* --- hold, release, retry, cancel, expire --------------------------------- */

/* Where a ticket is, by its file's name. */
static int
ticket_place(struct organization *org, const char *name,
    struct change_place *place)
{
	const char *base = strrchr(name, '/');
	struct ticket ticket;
	struct waiting *w;
	struct statx stat;
	struct why why;
	int where;

	if (ticket_parse(base == NULL ? name : base + 1, &ticket) == -1)
		return 0;
	place->name = name;
	if (base != NULL) {
		place->queue = QUEUE_done;
		return spool_stat(org->spool, QUEUE_done, name, &stat,
		    &why) == 1;
	}
	w = tickets_find(org, &ticket.id, ticket.destination);
	if (w != NULL && w->attempts == ticket.attempts) {
		place->queue = (enum queue)w->queue;
		return 1;
	}
	where = settle_locate(org, name);
	if (where == -1)
		return 0;
	place->queue = (enum queue)where;
	return 1;
}

/* One ticket's part of the answer. */
static void
change_one(struct request *request, enum change change, const char *name,
    struct buf *result)
{
	bool delivered = json_boolean(json_get(request->json, "delivered"),
	    false);
	const char *base = strrchr(name, '/');
	const char *to = change == CHANGE_retry ?
	    request_string(request, "to", NULL) : NULL;
	struct change_place place;
	struct ticket ticket = { .destination = "" };
	char id[ID_LENGTH + 1];
	struct why why;
	int done = 0;
	bool named = ticket_parse(base == NULL ? name : base + 1,
	    &ticket) == 0;

	/* To its own destination it is tried again as any other. */
	if (to != NULL && strcmp(to, ticket.destination) == 0)
		to = NULL;
	if (!ticket_place(request->organization, name, &place))
		(void)why_set(&why, ERROR_DELIVERY_NOT_FOUND,
		    "there is no such ticket (any more)");
	else if (to != NULL)
		done = forward_ticket(request->spoold, request->organization,
		    &place, delivered, to, request->by, &why);
	else
		done = change_ticket(request->spoold, request->organization,
		    change, &place, delivered, request->by, &why);
	json_open(result, NULL, '{');
	if (named) {
		id_format(&ticket.id, id);
		json_put_string(result, "deliveryId", id);
		json_put_string(result, "destinationId", ticket.destination);
	}
	json_put_string(result, "status",
	    done == 1 ? change_done(change) : "unchanged");
	if (done == 1)
		json_put_string(result, "to", to);
	else {
		json_put_string(result, "reason", why.text);
		json_put_string(result, "errorCode", error_name(why.code));
	}
	json_close(result, '}');
}

/* An answer that waits until its lines are durable and carried out. */
struct change_answer {
	struct request	*request;
	struct buf	 result;
};

static void
change_answer(struct spoold *s, void *arg)
{
	struct change_answer *answer = arg;

	(void)s;
	request_answer(answer->request, &answer->result);
	free(answer);
}

/* All tickets of a job in memory, or its one for a destination. */
static size_t
change_by_id(struct request *request, enum change change,
    struct buf *result)
{
	const char *destination = request_string(request, "destinationId",
	    NULL);
	const char *text = request_string(request, "deliveryId", "");
	char name[TICKET_NAME_MAX];
	struct waiting *w, *next;
	size_t count = 0;
	struct id id;

	if (strlen(text) != ID_LENGTH || id_parse(text, &id) == -1)
		return 0;
	for (w = tickets_first(request->organization, &id); w != NULL;
	    w = next) {
		next = tickets_next(w);
		if (destination != NULL &&
		    strcmp(w->target->id, destination) != 0)
			continue;
		tickets_name(w, name);
		change_one(request, change, name, result);
		count++;
	}
	return count;
}

static void
change_verb(struct request *request, enum change change)
{
	const struct json *tickets = json_get(request->json, "tickets"), *item;
	struct change_answer *answer = xcalloc(1, sizeof(*answer));
	struct why why;
	size_t count = 0;

	json_open(&answer->result, NULL, '{');
	json_open(&answer->result, "tickets", '[');
	if (tickets == NULL)
		count = change_by_id(request, change, &answer->result);
	for (item = json_first(tickets); item != NULL;
	    item = json_next(item), count++)
		change_one(request, change, json_string(item, ""),
		    &answer->result);
	json_close(&answer->result, ']');
	json_close(&answer->result, '}');
	if (count == 0) {
		buf_free(&answer->result);
		free(answer);
		(void)why_set(&why, ERROR_DELIVERY_NOT_FOUND,
		    "no ticket is named, or none of it waits");
		request_fail(request, &why);
		return;
	}
	answer->request = request;
	commit_then(request->spoold, change_answer, answer);
}

static void
hold(struct request *request)
{
	change_verb(request, CHANGE_hold);
}

static void
release(struct request *request)
{
	change_verb(request, CHANGE_release);
}

static void
retry(struct request *request)
{
	const char *to = request_string(request, "to", NULL);
	struct why why;

	if (to != NULL && target_find(request->organization, to) == NULL) {
		(void)why_set(&why, ERROR_DESTINATION_NOT_FOUND,
		    "there is no destination %s", to);
		request_fail(request, &why);
		return;
	}
	change_verb(request, CHANGE_retry);
}

static void
cancel(struct request *request)
{
	change_verb(request, CHANGE_cancel);
}

static void
expire(struct request *request)
{
	change_verb(request, CHANGE_expire);
}

/* --- delivery.revoke ------------------------------------------------------ */

/* One ticket's part of the answer. */
static void
revoke_one(struct request *request, const char *name, struct buf *result)
{
	const char *base = strrchr(name, '/');
	struct change_place place;
	struct ticket ticket = { .destination = "" };
	char id[ID_LENGTH + 1];
	struct why why;
	int done = 0;

	if (!ticket_place(request->organization, name, &place))
		(void)why_set(&why, ERROR_DELIVERY_NOT_FOUND,
		    "there is no such ticket (any more)");
	else
		done = revoke_ticket(request->spoold, request->organization,
		    &place, request->by, &why);
	json_open(result, NULL, '{');
	if (ticket_parse(base == NULL ? name : base + 1, &ticket) == 0) {
		id_format(&ticket.id, id);
		json_put_string(result, "deliveryId", id);
		json_put_string(result, "destinationId", ticket.destination);
	}
	json_put_string(result, "status", done == 1 ? "revoked" :
	    "unchanged");
	if (done != 1) {
		json_put_string(result, "reason", why.text);
		json_put_string(result, "errorCode", error_name(why.code));
	}
	json_close(result, '}');
}

/* Tickets are named by their files: those in done/ are not in memory. */
static void
revoke(struct request *request)
{
	const struct json *item = json_first(json_get(request->json,
	    "tickets"));
	struct change_answer *answer;
	struct why why;

	if (item == NULL) {
		(void)why_field(&why, "tickets", "names none");
		request_fail(request, &why);
		return;
	}
	answer = xcalloc(1, sizeof(*answer));
	answer->request = request;
	json_open(&answer->result, NULL, '{');
	json_open(&answer->result, "tickets", '[');
	for (; item != NULL; item = json_next(item))
		revoke_one(request, json_string(item, ""), &answer->result);
	json_close(&answer->result, ']');
	json_close(&answer->result, '}');
	commit_then(request->spoold, change_answer, answer);
}

/* --- delivery.payload ----------------------------------------------------- */

static void
payload(struct request *request)
{
	struct buf fields = { 0 };
	struct change_answer *answer;
	struct why why;
	struct id id;
	const char *text = request_string(request, "deliveryId", "");

	if (strlen(text) != ID_LENGTH || id_parse(text, &id) == -1) {
		(void)why_field(&why, "deliveryId", "is no delivery id");
		request_fail(request, &why);
		return;
	}
	commit_fields(&fields, request->organization->id, text);
	json_put_string(&fields, "by", request->by);
	json_put_string(&fields, "reason",
	    request_string(request, "reason", NULL));
	(void)commit_line(request->spoold, EVENT_payload_read, &fields);
	answer = xcalloc(1, sizeof(*answer));
	answer->request = request;
	commit_then(request->spoold, change_answer, answer);
}

/* --- queue.flush ---------------------------------------------------------- */

/* Makes a ticket in retry/ due now; its mtime says so too. */
static size_t
flush_ticket(struct spoold *s, struct waiting *w)
{
	struct organization *org = w->target->organization;
	char name[TICKET_NAME_MAX];
	struct why why;

	if (w->queue != QUEUE_retry || w->flight != NULL)
		return 0;
	tickets_name(w, name);
	if (spool_set_due(org->spool, QUEUE_retry, name, clock_wall(),
	    &why) != 1)
		return 0;
	tickets_place(s, w, QUEUE_retry, clock_wall());
	return 1;
}

static size_t
flush_named(struct request *request, const struct json *tickets)
{
	struct ticket ticket;
	struct waiting *w;
	size_t count = 0;

	for (const struct json *item = json_first(tickets); item != NULL;
	    item = json_next(item)) {
		if (ticket_parse(json_string(item, ""), &ticket) == -1)
			continue;
		w = tickets_find(request->organization, &ticket.id,
		    ticket.destination);
		if (w != NULL)
			count += flush_ticket(request->spoold, w);
	}
	return count;
}

static void
flush(struct request *request)
{
	const struct json *tickets = json_get(request->json, "tickets");
	const char *destination = request_string(request, "destinationId",
	    NULL);
	struct buf result = { 0 };
	struct waiting *w;
	size_t count = 0;

	if (tickets != NULL)
		count = flush_named(request, tickets);
	else
		RB_FOREACH(w, waiting_by_name,
		    &request->organization->tickets)
			if (destination == NULL ||
			    strcmp(w->target->id, destination) == 0)
				count += flush_ticket(request->spoold, w);
	json_open(&result, NULL, '{');
	json_put_integer(&result, "count", (int64_t)count);
	json_close(&result, '}');
	request_answer(request, &result);
}

const struct verb *
verbs_delivery(void)
{
	static const struct verb verbs[] = {
		{ "delivery.submit", submit, true, "name" },
		{ "delivery.status", status, true, "deliveryId name wait" },
		{ "delivery.hold", hold, true,
		    "tickets deliveryId destinationId" },
		{ "delivery.release", release, true,
		    "tickets deliveryId destinationId" },
		{ "delivery.retry", retry, true,
		    "tickets deliveryId destinationId delivered to" },
		{ "delivery.cancel", cancel, true,
		    "tickets deliveryId destinationId" },
		{ "delivery.expire", expire, true,
		    "tickets deliveryId destinationId" },
		{ "delivery.revoke", revoke, true, "tickets" },
		{ "delivery.payload", payload, true, "deliveryId reason" },
		{ "queue.flush", flush, true, "tickets destinationId" },
		{ NULL, NULL, false, NULL }
	};

	return verbs;
}
