/*
 * verbs_delivery - what operators do to tickets
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
#include "spoold/verbs.h"

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

/* What tickets a request names by a job's id, found one by one. */
struct by_id {
	struct request	*request;
	const char	*destination;	/* borrowed; NULL: all */
	struct id	 id;
	/* What is done to each, by its file's name, and for whom. */
	void		(*each)(const struct by_id *, const char *name,
			    struct buf *result);
	enum change	 change;
};

/* The name that a ticket at rest has by the entry of its receipt. */
static bool
name_at_rest(const struct by_id *by, const struct json *entry, int priority,
    char path[TICKET_NAME_MAX + CLOCK_DAY])
{
	const char *destination = json_string(json_get(entry,
	    "destinationId"), "");
	const char *at = json_string(json_get(entry, "deliveredAt"), NULL);
	struct ticket ticket = { .id = by->id, .priority = priority };
	char name[TICKET_NAME_MAX];

	if (!destination_id_valid(destination) ||
	    (by->destination != NULL &&
	    strcmp(by->destination, destination) != 0))
		return false;
	(void)strlcpy(ticket.destination, destination,
	    sizeof(ticket.destination));
	ticket.attempts = (int)json_integer(json_get(entry, "attempts"), 0);
	ticket_format(&ticket, name);
	(void)snprintf(path, TICKET_NAME_MAX + CLOCK_DAY, "%.10s%s%s",
	    at == NULL ? "" : at, at == NULL ? "" : "/", name);
	return true;
}

/* Those in failed/, with `delivered` those in done/, as the receipt says. */
static size_t
by_id_at_rest(const struct by_id *by, bool failed, bool delivered,
    struct buf *result)
{
	struct organization *org = by->request->organization;
	char path[TICKET_NAME_MAX + CLOCK_DAY];
	struct ticket_file file;
	struct buf status = { 0 };
	struct json *receipt = NULL;
	const struct json *entry;
	struct why why;
	size_t count = 0;
	bool finished;

	if (receipts_ticket(org, &by->id, NULL, &file, &why) != 1)
		return 0;
	if (receipts_status(org, &by->id, file.facts.name, &status,
	    &finished, &why) == 1)
		receipt = json_parse(status.data, status.len, &why);
	entry = json_first(json_get(receipt, "destinations"));
	for (; entry != NULL; entry = json_next(entry)) {
		const char *text = json_string(json_get(entry, "status"), "");
		bool done = strcmp(text, "delivered") == 0;

		if (done ? !delivered : !failed ||
		    (strcmp(text, "failed") != 0 &&
		    strcmp(text, "cancelled") != 0 &&
		    strcmp(text, "expired") != 0))
			continue;
		if (!name_at_rest(by, entry, file.facts.job.priority, path))
			continue;
		by->each(by, path, result);
		count++;
	}
	json_free(&receipt);
	buf_free(&status);
	ticket_file_free(&file);
	return count;
}

/* Those in memory. */
static size_t
by_id_waiting(const struct by_id *by, struct buf *result)
{
	char name[TICKET_NAME_MAX];
	struct waiting *w, *next;
	size_t count = 0;

	for (w = tickets_first(by->request->organization, &by->id); w != NULL;
	    w = next) {
		next = tickets_next(w);
		if (by->destination != NULL &&
		    strcmp(w->target->id, by->destination) != 0)
			continue;
		tickets_name(w, name);
		by->each(by, name, result);
		count++;
	}
	return count;
}

/* False if the request names no job. */
static bool
by_id_read(struct request *request, struct by_id *by)
{
	const char *text = request_string(request, "deliveryId", "");

	by->request = request;
	by->destination = request_string(request, "destinationId", NULL);
	return strlen(text) == ID_LENGTH && id_parse(text, &by->id) == 0;
}

static void
change_each(const struct by_id *by, const char *name, struct buf *result)
{
	change_one(by->request, by->change, name, result);
}

/* All of a job's that it can be done to, or its one for a destination. */
static size_t
change_by_id(struct request *request, enum change change,
    struct buf *result)
{
	struct by_id by = { .each = change_each, .change = change };
	size_t count;

	if (!by_id_read(request, &by))
		return 0;
	/* Before they wait again, or they would be done twice. */
	count = change == CHANGE_retry ? by_id_at_rest(&by, true,
	    json_boolean(json_get(request->json, "delivered"), false),
	    result) : 0;
	return count > 0 ? count : by_id_waiting(&by, result);
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
	commit_then(request->spoold, request->organization, change_answer,
	    answer);
}

void
verb_delivery_hold(struct request *request)
{
	change_verb(request, CHANGE_hold);
}

void
verb_delivery_release(struct request *request)
{
	change_verb(request, CHANGE_release);
}

void
verb_delivery_retry(struct request *request)
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

void
verb_delivery_cancel(struct request *request)
{
	change_verb(request, CHANGE_cancel);
}

void
verb_delivery_expire(struct request *request)
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

static void
revoke_each(const struct by_id *by, const char *name, struct buf *result)
{
	revoke_one(by->request, name, result);
}

void
verb_delivery_revoke(struct request *request)
{
	const struct json *tickets = json_get(request->json, "tickets"), *item;
	struct change_answer *answer = xcalloc(1, sizeof(*answer));
	struct by_id by = { .each = revoke_each };
	struct why why;
	size_t count = 0;

	answer->request = request;
	json_open(&answer->result, NULL, '{');
	json_open(&answer->result, "tickets", '[');
	if (tickets == NULL && by_id_read(request, &by))
		count = by_id_at_rest(&by, false, true, &answer->result);
	for (item = json_first(tickets); item != NULL;
	    item = json_next(item), count++)
		revoke_one(request, json_string(item, ""), &answer->result);
	json_close(&answer->result, ']');
	json_close(&answer->result, '}');
	if (count > 0) {
		commit_then(request->spoold, request->organization,
		    change_answer, answer);
		return;
	}
	buf_free(&answer->result);
	free(answer);
	(void)why_set(&why, ERROR_DELIVERY_NOT_FOUND,
	    "no ticket is named that was delivered");
	request_fail(request, &why);
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

/* Those of a job, or of all of them, to a destination or to any. */
static size_t
flush_all(struct request *request)
{
	const char *destination = request_string(request, "destinationId",
	    NULL);
	const char *text = request_string(request, "deliveryId", NULL);
	struct waiting *w;
	struct id id;
	size_t count = 0;

	if (text != NULL && (strlen(text) != ID_LENGTH ||
	    id_parse(text, &id) == -1))
		return 0;
	RB_FOREACH(w, waiting_by_name, &request->organization->tickets)
		if ((destination == NULL ||
		    strcmp(w->target->id, destination) == 0) &&
		    (text == NULL || id_compare(&w->id, &id) == 0))
			count += flush_ticket(request->spoold, w);
	return count;
}

void
verb_queue_flush(struct request *request)
{
	const struct json *tickets = json_get(request->json, "tickets");
	struct buf result = { 0 };
	size_t count = tickets != NULL ? flush_named(request, tickets) :
	    flush_all(request);

	json_open(&result, NULL, '{');
	json_put_integer(&result, "count", (int64_t)count);
	json_close(&result, '}');
	request_answer(request, &result);
}
