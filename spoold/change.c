/*
 * change - what an operator does to a ticket
 *
 * A ticket with an attempt under way may be held or cancelled: its file is
 * moved at once, and the outcome finds it there (`delivered` and `failed` win,
 * after `deferred` it stays).
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/alert.h"
#include "spoold/change.h"
#include "spoold/commit.h"
#include "spoold/erasure.h"
#include "spoold/finished.h"
#include "spoold/moves.h"
#include "spoold/organization.h"
#include "spoold/receipts.h"
#include "spoold/settle.h"
#include "spoold/spoold.h"
#include "spoold/sweep.h"

#define NO_LINE TICKET_EVENTS

static const struct {
	enum event	 event;
	enum ticket_event line;		/* in the ticket's file */
	unsigned	 from;		/* QUEUE_BIT()s */
	enum queue	 to;
	bool		 anew;		/* attempts start at 0 */
	enum error	 error;
	const char	*reason;	/* NULL: the event says it */
} changes[CHANGES] = {
	[CHANGE_hold] = { EVENT_held, NO_LINE,
	    QUEUE_BIT(cur) | QUEUE_BIT(retry), QUEUE_hold, false,
	    ERROR_NONE, NULL },
	[CHANGE_release] = { EVENT_released, NO_LINE,
	    QUEUE_BIT(hold), QUEUE_cur, false, ERROR_NONE, NULL },
	[CHANGE_retry] = { EVENT_requeued, TICKET_requeued,
	    QUEUE_BIT(failed) | QUEUE_BIT(done), QUEUE_cur, true,
	    ERROR_NONE, NULL },
	[CHANGE_cancel] = { EVENT_cancelled, TICKET_cancelled,
	    QUEUE_BIT(cur) | QUEUE_BIT(retry) | QUEUE_BIT(hold),
	    QUEUE_failed, false, ERROR_NONE, NULL },
	[CHANGE_expire] = { EVENT_expired, TICKET_expired,
	    QUEUE_BIT(cur) | QUEUE_BIT(retry) | QUEUE_BIT(hold),
	    QUEUE_failed, false, ERROR_EXPIRED, "given up by an operator" },
	[CHANGE_run_out] = { EVENT_expired, TICKET_expired,
	    QUEUE_BIT(cur) | QUEUE_BIT(retry),
	    QUEUE_failed, false, ERROR_EXPIRED,
	    "the job's expiresAt has passed" },
};

struct changing {
	struct organization *organization;
	enum change	 change;
	struct settlement settlement;
	char		*from_name;	/* own; in done/, else NULL */
	struct event_line line;
	char		*by;		/* own; NULL: nobody */
};

const char *
change_done(enum change change)
{
	return event_name(changes[change].event);
}

int
change_of_move(enum queue from, enum queue to)
{
	for (int i = 0; i < CHANGES; i++)
		if (to == QUEUE_retry && changes[i].to == QUEUE_cur &&
		    (changes[i].from & (1u << from)) != 0)
			return i;
		else if (changes[i].to == to &&
		    (changes[i].from & (1u << from)) != 0)
			return i;
	return -1;
}

/* The ticket in memory follows its file. */
static void
changing_remember(struct spoold *s, const struct changing *changing,
    const struct settled *settled)
{
	struct organization *org = changing->organization;
	struct ticket ticket = changing->settlement.ticket;
	struct waiting *w;

	ticket.attempts = changing->settlement.attempts;
	w = tickets_find(org, &ticket.id, ticket.destination);
	if (settled->queue == QUEUE_failed) {
		org->failed++;
		finished_add(org, &ticket, QUEUE_failed, settled->name);
		if (w != NULL && w->flight == NULL)
			tickets_remove(s, w);
		else if (w != NULL)
			tickets_place(s, w, QUEUE_failed, 0);
		return;
	}
	finished_remove(org, &ticket.id, ticket.destination);
	if (changing->change == CHANGE_retry && changing->from_name != NULL)
		org->delivered--;
	else if (changing->change == CHANGE_retry)
		org->failed--;
	if (w == NULL) {
		(void)tickets_add(s, org, &ticket, settled->queue,
		    changing->settlement.due);
		return;
	}
	w->attempts = (uint16_t)ticket.attempts;
	tickets_place(s, w, settled->queue, changing->settlement.due);
}

static void
changing_receipt(struct spoold *s, const struct changing *changing,
    const struct settled *settled)
{
	struct ticket_file file;
	struct why why;

	if (changes[changing->change].line == NO_LINE)
		return;
	if (spool_read_ticket(changing->organization->spool, settled->queue,
	    settled->name, &file, &why) != 1)
		return;
	receipts_update(s, changing->organization, &file.facts);
	ticket_file_free(&file);
}

static void
changing_free(struct changing *changing)
{
	if (changing->change == CHANGE_retry)
		changing->organization->requeuing--;
	free(changing->from_name);
	free(changing->line.reason);
	free(changing->by);
	free(changing);
}

/* Out of done/: the name there has a day. */
static int
changing_leave_done(struct changing *changing, struct why *why)
{
	struct spool *spool = changing->organization->spool;
	char name[TICKET_NAME_MAX];
	int result;

	if (changing->from_name == NULL)
		return 1;
	ticket_format(&changing->settlement.ticket, name);
	result = spool_move(spool, QUEUE_done, changing->from_name,
	    QUEUE_failed, name, why);
	return result;
}

/* Its file is nowhere. */
static void
changing_lost(struct spoold *s, const struct changing *changing)
{
	const struct ticket *ticket = &changing->settlement.ticket;
	struct organization *org = changing->organization;
	struct waiting *w = tickets_find(org, &ticket->id,
	    ticket->destination);

	if (w != NULL)
		moves_missed(s, org, w);
	else
		alert_begin(s, ALERT_lost,
		    "the file of a ticket that was to be %s was removed",
		    change_done(changing->change));
}

static void
changing_apply(struct spoold *s, void *arg)
{
	struct changing *changing = arg;
	struct settled settled;
	char name[TICKET_NAME_MAX];
	struct why why;
	int result;

	result = changing_leave_done(changing, &why);
	if (result != -1)
		result = settle(s, changing->organization,
		    &changing->settlement, &settled, &why);
	if (result == -1) {
		commit_redo(s, changing->organization, changing_apply,
		    changing, why.text);
		return;
	}
	ticket_format(&changing->settlement.ticket, name);
	if (result == 1) {
		changing_remember(s, changing, &settled);
		changing_receipt(s, changing, &settled);
		log_info("%s: %s by=%s", name, change_done(changing->change),
		    changing->by == NULL ? "-" : changing->by);
	} else
		changing_lost(s, changing);
	changing_free(changing);
}

static void
changing_journal(struct spoold *s, struct changing *changing)
{
	const struct settlement *settlement = &changing->settlement;
	struct buf fields = { 0 };
	char id[ID_LENGTH + 1];

	id_format(&settlement->ticket.id, id);
	commit_fields(&fields, changing->organization->id, id);
	json_put_string(&fields, "dest", settlement->ticket.destination);
	json_put_integer(&fields, "attempts", settlement->attempts);
	if (changes[changing->change].error != ERROR_NONE)
		json_put_string(&fields, "errorCode",
		    error_name(changes[changing->change].error));
	json_put_string(&fields, "reason", changes[changing->change].reason);
	json_put_string(&fields, "by", changing->by);
	changing->line.seq = commit_line(s, changes[changing->change].event,
	    &fields);
}

/* What is released goes on at once, but not before its deliverAt. */
static void
changing_postpone(struct changing *changing, const struct change_place *place)
{
	struct settlement *settlement = &changing->settlement;
	struct ticket_file file;
	struct why why;

	settlement->due = clock_wall();
	if (changing->change != CHANGE_release || spool_read_ticket(
	    changing->organization->spool, place->queue, place->name, &file,
	    &why) != 1)
		return;
	if (file.facts.job.deliver_at > settlement->due) {
		settlement->to = QUEUE_retry;
		settlement->due = file.facts.job.deliver_at;
	}
	ticket_file_free(&file);
}

/* What its file will say of it. */
static void
changing_line(struct changing *changing)
{
	enum change change = changing->change;
	const char *reason = changes[change].reason;

	if (changes[change].line == NO_LINE)
		return;
	changing->line.event = changes[change].line;
	changing->line.at = clock_wall();
	changing->line.error = changes[change].error;
	changing->line.reason = reason == NULL ? NULL : xstrdup(reason);
	changing->line.by = changing->by;
	changing->settlement.line = &changing->line;
}

int
change_possible(struct spoold *s, const struct organization *org,
    const struct change_place *place, struct ticket *ticket, struct why *why)
{
	const char *base = strrchr(place->name, '/');

	if (ticket_parse(base == NULL ? place->name : base + 1, ticket) == -1)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "%s is no ticket's name", place->name);
	if (!commit_possible(s, org))
		return why_set(why, ERROR_UNAVAILABLE,
		    "the journal or the spool cannot be written now");
	/* An attempt would find there what is about to go. */
	if (erasure_runs(s, org, &ticket->id, ticket->destination)) {
		(void)why_set(why, ERROR_CONFLICT, "what it stored is being "
		    "erased: try again in a moment");
		return 0;
	}
	if (sweep_spares(s, org, &ticket->id))
		return 1;
	(void)why_set(why, ERROR_CONFLICT, "retention is taking its job away");
	return 0;
}

int
change_ticket(struct spoold *s, struct organization *org, enum change change,
    const struct change_place *place, bool delivered, const char *by,
    struct why *why)
{
	struct changing *changing;
	struct ticket ticket;
	struct waiting *w;
	int result;

	result = change_possible(s, org, place, &ticket, why);
	if (result != 1)
		return result;
	if ((changes[change].from & (1u << place->queue)) == 0 ||
	    (place->queue == QUEUE_done && !delivered)) {
		(void)why_set(why, ERROR_CONFLICT, "it is in %s/",
		    queue_name(place->queue));
		return 0;
	}
	/* Its file is about to have another name, and may be done with. */
	w = tickets_find(org, &ticket.id, ticket.destination);
	if (w != NULL && w->flight != NULL && w->flight->closed) {
		(void)why_set(why, ERROR_UNAVAILABLE,
		    "its attempt has just ended and is being recorded: "
		    "ask again");
		return 0;
	}
	changing = xcalloc(1, sizeof(*changing));
	changing->organization = org;
	changing->change = change;
	changing->by = by == NULL ? NULL : xstrdup(by);
	if (change == CHANGE_retry)
		org->requeuing++;
	changing->settlement = (struct settlement) {
		.ticket = ticket,
		.from = place->queue == QUEUE_done ? QUEUE_failed :
		    place->queue,
		.to = changes[change].to,
		.attempts = changes[change].anew ? 0 : ticket.attempts,
		.file = -1,
	};
	changing_postpone(changing, place);
	if (place->queue == QUEUE_done)
		changing->from_name = xstrdup(place->name);
	changing_line(changing);
	if (w != NULL)
		tickets_withhold(w);
	changing_journal(s, changing);
	commit_then(s, org, changing_apply, changing);
	return 1;
}
