/*
 * flights - all attempts under way, watched over
 *
 * A worker that is silent on an attempt for longer than the destination's own
 * timeout hangs: it is killed, and what it held is deferred.
 */
#include "lib/clock.h"
#include "lib/json.h"

#include "spoold/commit.h"
#include "spoold/flights.h"
#include "spoold/organization.h"
#include "spoold/outcome.h"
#include "spoold/spoold.h"
#include "spoold/target.h"
#include "spoold/worker.h"

#define STAGED_MAX 1000		/* ms that a staged one waits for a slot */
#define SILENCE_GRACE 2000	/* ms beyond the destination's own timeout */

/* Withdraws what has been staged since before `limit`, monotonic ms. */
static void
flights_withdraw_staged(struct spoold *s, int64_t limit)
{
	struct flight *flight;

	TAILQ_FOREACH(flight, &s->flights, entry) {
		if (!flight->staged || flight->started > limit)
			continue;
		flight->waiting->target->quick = false;
		outcome_withdraw(flight);
	}
}

void
flights_withdraw(struct spoold *s)
{
	flights_withdraw_staged(s, INT64_MAX);
}

void
flights_check(struct spoold *s)
{
	int64_t now = clock_monotonic();
	struct flight *flight;

	/* What could not be started may be possible by now. */
	s->look_for_work = true;
	flights_withdraw_staged(s, now - STAGED_MAX);
	TAILQ_FOREACH(flight, &s->flights, entry) {
		const struct destination *destination =
		    flight->waiting->target->destination;
		int64_t limit = s->conf->queue_processing_timeout;

		if (flight->worker == NULL || !flight->handed_out)
			continue;
		/* One that hangs is nothing that a sync should wait for. */
		if (now - flight->started > QUICK)
			flight_await_no_more(flight);
		if (destination != NULL &&
		    limit < destination->timeout + SILENCE_GRACE)
			limit = destination->timeout + SILENCE_GRACE;
		if (now - flight->heard > limit)
			worker_kill(flight->worker,
			    "silent for too long on an attempt");
	}
}

bool
flights_are_stuck(const struct spoold *s)
{
	const struct flight *flight;

	TAILQ_FOREACH(flight, &s->flights, entry)
		if (flight->worker != NULL && flight->handed_out)
			return false;
	return commit_stuck(s);
}

void
flights_list(const struct spoold *s, struct buf *out)
{
	const struct flight *flight;
	char id[ID_LENGTH + 1];

	json_open(out, NULL, '[');
	TAILQ_FOREACH(flight, &s->flights, entry) {
		const struct waiting *w = flight->waiting;

		if (flight->seq == 0 || flight->closed)
			continue;
		id_format(&w->id, id);
		json_open(out, NULL, '{');
		json_put_integer(out, "seq", flight->seq);
		json_put_string(out, "org", w->target->organization->id);
		json_put_string(out, "job", id);
		json_put_string(out, "dest", w->target->id);
		json_put_integer(out, "attempt", flight->attempt);
		json_close(out, '}');
	}
	json_close(out, ']');
}
