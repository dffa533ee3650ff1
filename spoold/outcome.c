/*
 * outcome - what became of an attempt, and what follows from it
 *
 * Heard, journaled with the attempt's seq, made durable, then carried out.
 * The worker's slot is free as soon as it has answered; the ticket is not
 * ready again before its outcome is on disk.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/alert.h"
#include "spoold/commit.h"
#include "spoold/destinations.h"
#include "spoold/finished.h"
#include "spoold/flight.h"
#include "spoold/hostkeys.h"
#include "spoold/moves.h"
#include "spoold/organization.h"
#include "spoold/outcome.h"
#include "spoold/receipts.h"
#include "spoold/retry.h"
#include "spoold/settle.h"
#include "spoold/spoold.h"
#include "spoold/target.h"
#include "spoold/usage.h"
#include "spoold/worker.h"

/* What each end of an attempt means. */
static const struct {
	enum event	 event;
	enum queue	 to;
} ends[TICKET_EVENTS] = {
	[TICKET_delivered] = { EVENT_delivered, QUEUE_done },
	[TICKET_deferred] = { EVENT_deferred, QUEUE_retry },
	[TICKET_failed] = { EVENT_failed, QUEUE_failed },
	[TICKET_expired] = { EVENT_expired, QUEUE_failed },
};

static void
outcome_log(const struct flight *flight)
{
	const struct event_line *line = &flight->line;
	char id[ID_LENGTH + 1], next[32] = "-";

	id_format(&flight->waiting->id, id);
	if (line->due != 0)
		clock_format_duration(line->due - line->at, next);
	log_info("%s.%s: %s attempt=%d ms=%lld next=%s code=%s status=%d "
	    "why=\"%s\"", id, flight->waiting->target->id,
	    ticket_event_name(line->event), line->attempt,
	    (long long)line->ms, next,
	    line->error == ERROR_NONE ? "-" : error_name(line->error),
	    line->code, line->reason == NULL ? "" : line->reason);
}

/* What queue.status tells. */
static void
outcome_count(struct organization *org, const struct flight *flight,
    enum queue queue)
{
	if (queue == QUEUE_failed)
		org->failed++;
	else {
		org->delivered++;
		org->deliveries++;
		org->delivery_ms += flight->line.ms;
	}
}

/* A link is there before anybody is told of it.  0, or -1 with *why. */
static int
outcome_publish(struct spoold *s, struct organization *org,
    struct flight *flight, struct why *why)
{
	if (flight->published == NULL)
		return 0;
	if (links_publish(s, org, flight->published,
	    flight->file.facts.job.correlation_id, why) == -1)
		return -1;
	links_forget(flight);
	return 0;
}

/* The action: the ticket's file goes where the outcome says. */
static void
outcome_apply(struct spoold *s, void *arg)
{
	struct flight *flight = arg;
	struct waiting *w = flight->waiting;
	struct organization *org = w->target->organization;
	/* One that was withdrawn counts for nothing, and has none. */
	bool told = flight->seq == 0 || flight->attempts == flight->attempt;
	struct settlement settlement = {
		.from = QUEUE_cur,
		.to = flight->to,
		.attempts = flight->attempts,
		.due = flight->line.due,
		.rests_from = flight->line.link_expires_at,
		.line = told && !flight->recorded ? &flight->line : NULL,
		.file = flight->ticket,
		.moved_wins = flight->to == QUEUE_retry,
	};
	struct settled settled;
	struct why why;
	int result;

	assert(!flight->unsynced);	/* that action came before this one */
	if (erasure_record(flight, &why) == -1) {
		commit_redo(s, org, outcome_apply, flight, why.text);
		return;
	}
	tickets_ticket(w, &settlement.ticket);
	result = outcome_publish(s, org, flight, &why);
	if (result == 0)
		result = settle(s, org, &settlement, &settled, &why);
	flight->recorded = told && settlement.line == NULL;
	if (result == -1) {
		commit_redo(s, org, outcome_apply, flight, why.text);
		return;
	}
	/* Cancelled meanwhile, it was counted then. */
	if (w->queue == QUEUE_failed)
		org->failed--;
	w->flight = NULL;
	w->attempts = (uint16_t)flight->attempts;
	settlement.ticket.attempts = flight->attempts;
	if (result == 1 && settled.queue == QUEUE_hold &&
	    w->queue != QUEUE_hold)
		moves_held(s, org, w);
	if (result == 1 && settled.queue != QUEUE_done &&
	    settled.queue != QUEUE_failed)
		tickets_place(s, w, settled.queue, flight->line.due);
	else {
		if (result == 0)
			alert_begin(s, ALERT_lost,
			    "the file of a ticket in flight was removed");
		else
			finished_add(org, &settlement.ticket, settled.queue,
			    settled.name);
		if (result == 1)
			outcome_count(org, flight, settled.queue);
		tickets_remove(s, w);
		if (flight->recorded)
			ticket_file_add(&flight->file, &flight->line);
		receipts_finish(s, org, settlement.ticket.destination,
		    &flight->file);
	}
	TAILQ_REMOVE(&s->flights, flight, entry);
	flight_free(flight);
}

static void
outcome_carry_out(struct flight *flight)
{
	commit_then(flight->spoold, flight->waiting->target->organization,
	    outcome_apply, flight);
}

/* The `peer` of an outcome: address, TLS version, certificate. */
static void
outcome_peer(struct buf *fields, const struct link_record *record)
{
	const char *address = record->text[OUTCOME_peer];

	if (address == NULL || address[0] == '\0')
		return;
	json_open(fields, "peer", '{');
	json_put_string(fields, "address", address);
	if (record->text[OUTCOME_tls][0] != '\0') {
		json_put_string(fields, "tls", record->text[OUTCOME_tls]);
		json_put_string(fields, "certificate",
		    record->text[OUTCOME_fingerprint]);
	}
	json_close(fields, '}');
}

static void
outcome_journal(struct flight *flight, const struct link_record *record)
{
	const struct event_line *line = &flight->line;
	const struct waiting *w = flight->waiting;
	struct buf fields = { 0 };
	char id[ID_LENGTH + 1];

	id_format(&w->id, id);
	commit_fields(&fields, w->target->organization->id, id);
	json_put_string(&fields, "dest", w->target->id);
	if (line->attempt != 0) {
		json_put_integer(&fields, "attempt", line->attempt);
		json_put_integer(&fields, "of", flight->seq);
		json_put_integer(&fields, "ms", line->ms);
	}
	json_put_integer(&fields, "attempts", flight->attempts);
	json_put_time(&fields, "due", line->due);
	if (line->code != 0)
		json_put_integer(&fields, "code", line->code);
	if (line->error != ERROR_NONE)
		json_put_string(&fields, "errorCode", error_name(line->error));
	json_put_string(&fields, "reason", line->reason);
	json_put_string(&fields, "reference", line->reference);
	if (line->possible_duplicate)
		json_put_boolean(&fields, "possibleDuplicate", true);
	if (line->event == TICKET_delivered) {
		json_put_integer(&fields, "bytes", record->outcome.bytes);
		json_put_string(&fields, "correlationId",
		    flight->file.facts.job.correlation_id);
		erasure_note(flight, record->text[OUTCOME_stored], &fields);
	}
	if (flight->published != NULL) {
		json_open(&fields, "published", '{');
		published_write(&fields, flight->published);
		json_close(&fields, '}');
	}
	outcome_peer(&fields, record);
	flight->line.seq = commit_line(flight->spoold,
	    ends[line->event].event, &fields);
}

static char *
outcome_text(const char *text)
{
	return text == NULL || text[0] == '\0' ? NULL : xstrdup(text);
}

/* Takes over what the record says of the attempt; the flight is closed. */
static void
outcome_fill(struct flight *flight, enum ticket_event event,
    const struct link_record *record)
{
	struct event_line *line = &flight->line;

	flight->closed = true;
	line->event = event;
	line->at = clock_wall();
	line->attempt = flight->seq == 0 ? 0 : flight->attempt;
	line->ms = flight->seq == 0 ? 0 : clock_monotonic() - flight->started;
	line->code = record->outcome.code;
	line->error = (enum error)record->outcome.error;
	line->possible_duplicate = flight->doubtful;
	line->reason = outcome_text(record->text[OUTCOME_reason]);
	if (line->reference == NULL)
		line->reference =
		    outcome_text(record->text[OUTCOME_reference]);
	line->remote = outcome_text(record->text[OUTCOME_remote]);
	flight->to = ends[event].to;
	flight->attempts = flight->seq == 0 ?
	    flight->waiting->attempts : flight->attempt;
}

void
outcome_settle(struct flight *flight, enum ticket_event event,
    const struct link_record *record)
{
	outcome_fill(flight, event, record);
	if (event == TICKET_deferred)
		flight->line.due = flight->line.at +
		    retry_wait(flight->spoold->conf,
		    flight->waiting->target->destination, flight->attempt,
		    record->outcome.retry_after);
	outcome_journal(flight, record);
	outcome_log(flight);
	flight_leave_worker(flight);
	outcome_carry_out(flight);
}

/* Deferred, or failed if that was the last attempt. */
static void
outcome_deferred(struct flight *flight, const struct link_record *record)
{
	const struct destination *destination =
	    flight->waiting->target->destination;
	struct link_record last = *record;
	char *reason;

	if (flight->attempt < retry_attempts(flight->spoold->conf,
	    destination)) {
		outcome_settle(flight, TICKET_deferred, record);
		return;
	}
	reason = xasprintf("given up after %d attempts: %s", flight->attempt,
	    record->text[OUTCOME_reason]);
	last.text[OUTCOME_reason] = reason;
	outcome_settle(flight, TICKET_failed, &last);
	free(reason);
}

/* What was published is delivered when it can be said of what and how. */
static void
outcome_delivered(struct flight *flight, const struct link_record *record)
{
	struct why why;

	if (flight->worker->pool == flight->spoold->listener &&
	    links_prepare(flight, record, &why) == -1)
		outcome_defer(flight, why.code, why.text);
	else
		outcome_settle(flight, TICKET_delivered, record);
}

void
outcome_heard(struct flight *flight, const struct link_record *record)
{
	struct target *target = flight->waiting->target;
	int64_t ms = clock_monotonic() - flight->started;

	if ((record->outcome.flags &
	    (OUTCOME_SLOW_DOWN | OUTCOME_TRANSPORT)) != 0)
		target_troubled(target);
	else
		target_answered(target);
	target->quick = ms < QUICK;
	hostkeys_note(target, flight->version, record);
	health_note(&target->health, record->outcome.verdict ==
	    VERDICT_delivered, ms,
	    record->text[OUTCOME_reason]);
	usage_note(target);
	if ((record->outcome.flags & OUTCOME_DISABLE) != 0)
		destination_went_away(flight->spoold, target,
		    record->text[OUTCOME_reason]);
	switch (record->outcome.verdict) {
	case VERDICT_delivered:
		outcome_delivered(flight, record);
		break;
	case VERDICT_failed:
		outcome_settle(flight, TICKET_failed, record);
		break;
	default:
		outcome_deferred(flight, record);
		break;
	}
}

void
outcome_own(struct link_record *record, enum error error, const char *reason)
{
	link_init(record, LINK_outcome);
	for (int i = 0; i < OUTCOME_texts; i++)
		record->text[i] = "";
	record->outcome.verdict = VERDICT_deferred;
	record->outcome.error = (int32_t)error;
	record->text[OUTCOME_reason] = reason;
}

void
outcome_defer(struct flight *flight, enum error error, const char *reason)
{
	struct link_record record;

	outcome_own(&record, error, reason);
	outcome_deferred(flight, &record);
}

void
outcome_withdraw(struct flight *flight)
{
	struct link_record record;

	outcome_own(&record, ERROR_NONE,
	    "set aside before anything was sent; not counted");
	outcome_fill(flight, TICKET_deferred, &record);
	flight->attempts = flight->waiting->attempts;
	flight->line.due = flight->line.at;
	outcome_journal(flight, &record);
	flight_leave_worker(flight);
	outcome_carry_out(flight);
}
