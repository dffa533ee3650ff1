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

/* The word for what a ticket in cur/ waits for. */
static void
put_waiting_in_cur(struct buf *out, const struct waiting *w)
{
	struct target *target = w->target;
	const struct waiting *first = NULL;
	int64_t now = clock_monotonic() * 1000, pause;
	char id[ID_LENGTH + 1];

	if (!target_open(target)) {
		json_put_string(out, "waitingFor",
		    target->destination == NULL ||
		    target->destination->disabled ? "disabled" : "listener");
		return;
	}
	if (target->destination->ordered)
		first = target_first(target);
	pause = target_pause(target, now);
	json_put_string(out, "waitingFor", (first == NULL || first == w) &&
	    pause != 0 ? "rate" : "slot");
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
	} else if (w->queue == QUEUE_hold)
		json_put_string(out, "waitingFor", "hold");
	else if (w->queue == QUEUE_retry) {
		json_put_string(out, "waitingFor",
		    w->attempts == 0 ? "deliverAt" : "backoff");
		json_put_time(out, "nextAttemptAt", tickets_wall(w->due));
	} else
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

static void
explain(struct request *request)
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

const struct verb *
verbs_explain(void)
{
	static const struct verb verbs[] = {
		{ "delivery.explain", explain, true,
		    "deliveryId destinationId name" },
		{ NULL, NULL, false, NULL }
	};

	return verbs;
}
