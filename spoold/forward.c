/*
 * forward - a dead letter tried again to another destination
 *
 * The journal calls it `requeued`, with `to`, and the line has all facts, so
 * that the new ticket can be made again from it alone.  There is one ticket
 * for each id and destination: a job that has had one for that destination
 * gets no second one, also while the first is on its way to the journal.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/receipt.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/admit.h"
#include "spoold/change.h"
#include "spoold/commit.h"
#include "spoold/expiry.h"
#include "spoold/finished.h"
#include "spoold/forward.h"
#include "spoold/organization.h"
#include "spoold/receipts.h"
#include "spoold/settle.h"
#include "spoold/spoold.h"
#include "spoold/target.h"

struct forwarding {
	struct forward	 forward;	/* in its organization */
	struct organization *organization;	/* borrowed */
	struct facts	 facts;		/* own */
	struct ticket	 from;		/* the old ticket */
	enum queue	 queue;		/* where that is */
	char		*name;		/* own; its file's, a day in done/ */
	struct event_line line;		/* for it */
	bool		 told;		/* that is in its file */
	char		*by;		/* own */
};

static void
forwarding_free(struct forwarding *forwarding)
{
	facts_free(&forwarding->facts);
	free(forwarding->name);
	free(forwarding->by);
	free(forwarding);
}

/* True if that job has, or had, a ticket for that destination. */
static bool
forward_taken(struct organization *org, const struct facts *facts,
    const char *destination)
{
	const struct forward *forward;
	const struct json *each;
	struct buf text = { 0 };
	struct json *receipt;
	bool taken = false;
	struct why why;

	TAILQ_FOREACH(forward, &org->forwards, entry)
		if (id_compare(&forward->id, &facts->id) == 0 &&
		    strcmp(forward->destination, destination) == 0)
			return true;
	for (size_t i = 0; i < facts->job.destination_count; i++)
		if (strcmp(facts->job.destinations[i], destination) == 0)
			return true;
	(void)receipts_build(org, facts, &text);
	receipt = json_parse(text.data, text.len, &why);
	for (each = json_first(json_get(receipt, "destinations"));
	    each != NULL; each = json_next(each))
		taken = taken || strcmp(json_string(json_get(each,
		    "destinationId"), ""), destination) == 0;
	json_free(&receipt);
	buf_free(&text);
	return taken || tickets_find(org, &facts->id, destination) != NULL;
}

/* 1, or 0 with *why: it may not be. */
static int
forward_check(struct organization *org, const struct facts *facts,
    const char *destination, struct why *why)
{
	char job[ID_LENGTH + 8];
	struct statx stat;

	admit_job_name(&facts->id, "json", job);
	if (target_find(org, destination) == NULL)
		(void)why_set(why, ERROR_DESTINATION_NOT_FOUND,
		    "there is no destination %s", destination);
	else if (forward_taken(org, facts, destination))
		(void)why_set(why, ERROR_CONFLICT,
		    "the job has a ticket for %s already", destination);
	else if (facts->job.callback != NULL &&
	    strcmp(facts->job.callback, destination) == 0)
		(void)why_set(why, ERROR_CONFLICT,
		    "%s is the job's callback, which gets the receipt",
		    destination);
	else if (spool_stat(org->spool, QUEUE_jobs, job, &stat, why) == 0)
		(void)why_set(why, ERROR_PAYLOAD_NOT_FOUND,
		    "the job is gone from jobs/");
	else
		return 1;
	return 0;
}

/* --- the action ----------------------------------------------------------- */

/* The new ticket's file.  0, or -1 with *why. */
static int
forwarding_create(const struct forwarding *forwarding,
    const struct ticket *ticket, struct why *why)
{
	char name[TICKET_NAME_MAX];
	struct buf text = { 0 };
	int result;

	ticket_format(ticket, name);
	admit_line(&text, &forwarding->facts);
	result = spool_create(forwarding->organization->spool, QUEUE_cur,
	    name, text.data, text.len, why);
	buf_free(&text);
	return result == -1 ? -1 : 0;
}

/* The old ticket's line, wherever a person has put it.  0, or -1 with *why. */
static int
forwarding_tell(struct forwarding *forwarding, struct why *why)
{
	struct spool *spool = forwarding->organization->spool;
	struct buf line = { 0 };
	char name[TICKET_NAME_MAX];
	int result, where;

	if (forwarding->told)
		return 0;
	event_line_write(&line, &forwarding->line);
	result = spool_append_note(spool, forwarding->queue,
	    forwarding->name, line.data, line.len, why);
	ticket_format(&forwarding->from, name);
	if (result == 0 &&
	    (where = settle_locate(forwarding->organization, name)) != -1)
		result = spool_append_note(spool, (enum queue)where, name,
		    line.data, line.len, why);
	if (result == 0)
		log_warning("%s: its file was removed by hand, so it does not "
		    "say that it was tried again to %s", name,
		    forwarding->forward.destination);
	buf_free(&line);
	forwarding->told = result != -1;
	return result == -1 ? -1 : 0;
}

static void
forwarding_apply(struct spoold *s, void *arg)
{
	struct forwarding *forwarding = arg;
	struct organization *org = forwarding->organization;
	struct ticket ticket = forwarding->from;
	struct waiting *w;
	struct why why;

	ticket.attempts = 0;
	memcpy(ticket.destination, forwarding->forward.destination,
	    sizeof(ticket.destination));
	if (forwarding_create(forwarding, &ticket, &why) == -1 ||
	    forwarding_tell(forwarding, &why) == -1) {
		commit_redo(s, org, forwarding_apply, forwarding, why.text);
		return;
	}
	TAILQ_REMOVE(&org->forwards, &forwarding->forward, entry);
	w = tickets_add(s, org, &ticket, QUEUE_cur, 0);
	if (w != NULL)
		expiry_set(w, forwarding->facts.job.expires_at);
	finished_add(org, &forwarding->from, forwarding->queue,
	    forwarding->name);
	log_info("%s: requeued to=%s by=%s", forwarding->name,
	    forwarding->forward.destination, forwarding->by);
	receipts_update(s, org, &forwarding->facts);
	forwarding_free(forwarding);
}

/* --- the line ------------------------------------------------------------- */

static void
forwarding_journal(struct spoold *s, struct forwarding *forwarding)
{
	struct buf fields = { 0 };
	char id[ID_LENGTH + 1];

	id_format(&forwarding->facts.id, id);
	commit_fields(&fields, forwarding->organization->id, id);
	json_put_string(&fields, "dest", forwarding->from.destination);
	json_put_string(&fields, "to", forwarding->forward.destination);
	facts_write(&fields, &forwarding->facts);
	json_put_integer(&fields, "attempts", 0);
	json_put_string(&fields, "by", forwarding->by);
	forwarding->line.seq = commit_line(s, EVENT_requeued, &fields);
}

static void
forward_begin(struct spoold *s, struct organization *org,
    const struct change_place *place, const struct ticket *ticket,
    const struct facts *facts, const char *destination, const char *by)
{
	struct forwarding *forwarding = xcalloc(1, sizeof(*forwarding));
	struct forward *forward = &forwarding->forward;

	forward->id = facts->id;
	(void)snprintf(forward->destination, sizeof(forward->destination),
	    "%s", destination);
	forwarding->organization = org;
	forwarding->facts = *facts;
	forwarding->from = *ticket;
	forwarding->queue = place->queue;
	forwarding->name = xstrdup(place->name);
	forwarding->by = xstrdup(by);
	forwarding->line.event = TICKET_requeued;
	forwarding->line.at = clock_wall();
	forwarding->line.to = forward->destination;
	forwarding->line.by = forwarding->by;
	TAILQ_INSERT_TAIL(&org->forwards, forward, entry);
	forwarding_journal(s, forwarding);
	commit_then(s, org, forwarding_apply, forwarding);
}

int
forward_ticket(struct spoold *s, struct organization *org,
    const struct change_place *place, bool delivered,
    const char *destination, const char *by, struct why *why)
{
	struct ticket_file file;
	struct ticket ticket;
	int result;

	result = change_possible(s, org, place, &ticket, why);
	if (result != 1)
		return result;
	if (place->queue != QUEUE_failed &&
	    (place->queue != QUEUE_done || !delivered)) {
		(void)why_set(why, ERROR_CONFLICT, "it is in %s/",
		    queue_name(place->queue));
		return 0;
	}
	result = spool_read_ticket(org->spool, place->queue, place->name,
	    &file, why);
	if (result == 0)
		(void)why_set(why, ERROR_CONFLICT,
		    "its file is empty or has just left %s/",
		    queue_name(place->queue));
	if (result != 1)
		return result;
	result = forward_check(org, &file.facts, destination, why);
	if (result == 1) {
		forward_begin(s, org, place, &ticket, &file.facts,
		    destination, by);
		memset(&file.facts, 0, sizeof(file.facts));
	}
	ticket_file_free(&file);
	return result;
}
