/*
 * verbs_explain - what keeps a job's tickets waiting
 *
 * What stands in the files the asker reads himself; here is what only memory
 * knows: which attempts are under way, who is in whose way, and what a drop in
 * new/ waits for.
 */
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"

#include "spoold/commit.h"
#include "spoold/drop.h"
#include "spoold/expiry.h"
#include "spoold/flight.h"
#include "spoold/organization.h"
#include "spoold/reserve.h"
#include "spoold/retry.h"
#include "spoold/schedule.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/target.h"
#include "spoold/verbs.h"

/* The word for what a ticket waits for; NULL: it is under way. */
static const char *
waiting_for(const struct waiting *w)
{
	struct target *target = w->target;
	int64_t now = clock_monotonic_us();

	if (w->flight != NULL)
		return NULL;
	if (w->queue == QUEUE_hold)
		return "hold";
	if (w->queue == QUEUE_retry)
		return w->attempts == 0 ? "deliverAt" : "backoff";
	if (target_gate(target) != GATE_open)
		return gate_word(target_gate(target));
	if (target->destination->ordered && target_first(target) != NULL &&
	    target_first(target) != w)
		return "slot";
	return target_pause(target, now) != 0 ? "rate" : "slot";
}

/* What else there is to say of one in cur/. */
static void
put_waiting_in_cur(struct buf *out, const struct waiting *w)
{
	struct target *target = w->target;
	const struct waiting *first = NULL;
	int64_t now = clock_monotonic_us(), pause;
	char id[ID_LENGTH + 1];

	if (target_gate(target) != GATE_open)
		return;
	if (target->destination->ordered)
		first = target_first(target);
	pause = target_pause(target, now);
	if (pause != 0)
		json_put_time(out, "nextAttemptAt",
		    tickets_wall(pause / 1000 + 1));
	if (first != NULL && first != w) {
		id_format(&first->id, id);
		json_put_string(out, "blockedBy", id);
	}
	json_put_integer(out, "inFlight", target->in_flight);
	json_put_integer(out, "allowed", schedule_limit(target));
}

static void
put_waiting(struct buf *out, const struct waiting *w)
{
	if (w->flight != NULL) {
		json_put_integer(out, "attempt", w->flight->attempt);
		json_put_time(out, "inFlightSince",
		    tickets_wall(w->flight->started));
		return;
	}
	json_put_string(out, "waitingFor", waiting_for(w));
	if (w->queue == QUEUE_retry)
		json_put_time(out, "nextAttemptAt", tickets_wall(w->due));
	else if (w->queue == QUEUE_cur)
		put_waiting_in_cur(out, w);
}

static void
put_ticket(struct buf *out, const struct spoold *s, const struct waiting *w)
{
	json_open(out, NULL, '{');
	json_put_string(out, "destinationId", w->target->id);
	json_put_string(out, "queue", queue_name((enum queue)w->queue));
	json_put_integer(out, "attempts", w->attempts);
	json_put_integer(out, "maxAttempts",
	    retry_attempts(s->conf, w->target->destination));
	put_waiting(out, w);
	json_put_time(out, "expiresAt", expiry_of(w));
	json_close(out, '}');
}

/* A drop in new/, of which the asker knows the name. */
static void
put_drop(struct buf *out, struct request *request, const char *name)
{
	static const char *const words[] = {
		[DROP_QUEUED] = "intake", [DROP_AT_INTAKE] = "intake",
		[DROP_UNFINISHED] = "text", [DROP_JUDGED] = "journal",
	};
	struct spoold *s = request->spoold;
	const struct drop *drop = drop_find(request->organization, name);
	const char *word = drop == NULL ? "intake" : words[drop->state];
	struct why why;

	json_open(out, "drop", '{');
	json_put_string(out, "name", name);
	if (drop == NULL || drop->state == DROP_QUEUED) {
		if (!commit_possible(s, request->organization))
			word = "journal";
		else if (!reserve_holds(s)) {
			word = "reserve";
			json_put_string(out, "reason",
			    s->alerts[ALERT_reserve].reason);
		} else if ((drop == NULL || !drop->counted) && limits_hold(s,
		    request->organization, &why) == -1) {
			word = why.code == ERROR_RATE_LIMIT_EXCEEDED ?
			    "rate" : "quota";
			json_put_string(out, "reason", why.text);
		}
	}
	json_put_string(out, "waitingFor", word);
	json_close(out, '}');
}

/* Why nothing is attempted at all, if so. */
static void
put_trouble(struct buf *out, const struct request *request)
{
	const struct spoold *s = request->spoold;

	if (s->offline)
		json_put_string(out, "trouble", "spoold is down");
	else if (s->phase != PHASE_RUNNING)
		json_put_string(out, "trouble", "spoold is stopping");
	else if (!commit_possible(s, request->organization))
		json_put_string(out, "trouble",
		    "the journal or the spool cannot be written now");
}

void
verb_delivery_explain(struct request *request)
{
	const char *destination = request_string(request, "destinationId",
	    NULL);
	const char *text = request_string(request, "deliveryId", "");
	const char *name = request_string(request, "name", NULL);
	struct buf result = { 0 };
	struct why why;
	struct id id;

	if (strlen(text) != ID_LENGTH || id_parse(text, &id) == -1) {
		(void)why_field(&why, "deliveryId", "is no delivery id");
		request_fail(request, &why);
		return;
	}
	json_open(&result, NULL, '{');
	json_put_string(&result, "deliveryId", text);
	json_put_string(&result, "organizationId", request->organization->id);
	put_trouble(&result, request);
	if (name != NULL)
		put_drop(&result, request, name);
	json_open(&result, "tickets", '[');
	for (const struct waiting *w = tickets_first(request->organization,
	    &id); w != NULL; w = tickets_next(w))
		if (destination == NULL ||
		    strcmp(w->target->id, destination) == 0)
			put_ticket(&result, request->spoold, w);
	json_close(&result, ']');
	json_close(&result, '}');
	request_answer(request, &result);
}

/* --- retry.schedule ------------------------------------------------------- */

/* The job's waiting ticket that it names, or its only one; NULL with *why. */
static const struct waiting *
schedule_ticket(const struct request *request, struct why *why)
{
	const char *destination = request_string(request, "destinationId",
	    NULL);
	const char *text = request_string(request, "deliveryId", "");
	const struct waiting *w = NULL;
	struct id id;

	if (strlen(text) == ID_LENGTH && id_parse(text, &id) == 0)
		w = destination == NULL ?
		    tickets_first(request->organization, &id) :
		    tickets_find(request->organization, &id, destination);
	if (w == NULL)
		(void)why_set(why, ERROR_DELIVERY_NOT_FOUND,
		    "no ticket of %s waits%s%s", text, destination == NULL ?
		    "" : " for ", destination == NULL ? "" : destination);
	else if (destination == NULL && tickets_next(w) != NULL) {
		(void)why_field(why, "destinationId", "destinationId is "
		    "needed: more than one ticket of %s waits", text);
		w = NULL;
	}
	return w;
}

/* How long it waits after its last attempt, and from acceptance on. */
static void
put_delays(struct buf *out, const struct waiting *w,
    const struct ticket_file *file)
{
	int64_t next = w->queue == QUEUE_retry && w->flight == NULL ?
	    tickets_wall(w->due) : 0;
	int64_t last = file->line_count == 0 ? file->facts.accepted_at :
	    file->lines[file->line_count - 1].at;

	json_put_time(out, "nextRetryAt", next);
	json_put_integer(out, "backoffDelay", next > last ? next - last : 0);
	json_put_integer(out, "totalDelay", (next != 0 ? next :
	    clock_wall()) - file->facts.accepted_at);
}

void
verb_retry_schedule(struct request *request)
{
	struct why why = { .code = ERROR_NONE };
	const struct waiting *w = schedule_ticket(request, &why);
	char name[TICKET_NAME_MAX];
	struct ticket_file file;
	struct buf result = { 0 };
	int read = -1;

	if (w != NULL) {
		tickets_name(w, name);
		read = spool_read_ticket(request->organization->spool,
		    (enum queue)w->queue, name, &file, &why);
		if (read == 0)
			(void)why_set(&why, ERROR_DELIVERY_NOT_FOUND,
			    "its ticket is not there any more");
	}
	if (w == NULL || read != 1) {
		request_fail(request, &why);
		return;
	}
	json_open(&result, NULL, '{');
	json_put_string(&result, "deliveryId",
	    request_string(request, "deliveryId", ""));
	json_put_string(&result, "destinationId", w->target->id);
	json_put_integer(&result, "currentAttempt",
	    w->attempts + (w->flight != NULL));
	json_put_integer(&result, "maxAttempts",
	    retry_attempts(request->spoold->conf, w->target->destination));
	put_delays(&result, w, &file);
	json_put_string(&result, "waitingFor", waiting_for(w));
	json_close(&result, '}');
	ticket_file_free(&file);
	request_answer(request, &result);
}
