/*
 * verbs_server - status, stop, reload, and the queue's counts
 */
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/conf_row.h"
#include "lib/json.h"

#include "spoold/commit.h"
#include "spoold/configuration.h"
#include "spoold/flight.h"
#include "spoold/organization.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/sweep.h"
#include "spoold/verbs.h"
#include "spoold/worker.h"

static const char *const worker_states[WORKER_STATES] = {
	[WORKER_STARTING] = "starting",
	[WORKER_READY] = "ready",
	[WORKER_RETIRING] = "retiring",
	[WORKER_DYING] = "dying",
};

static void
put_pool(struct buf *out, const struct pool *pool)
{
	const struct worker *worker;

	TAILQ_FOREACH(worker, &pool->workers, entry) {
		json_open(out, NULL, '{');
		json_put_string(out, "transport", pool->program);
		if (pool->organization != NULL)
			json_put_string(out, "organizationId",
			    pool->organization->id);
		json_put_integer(out, "pid", worker->pid);
		json_put_string(out, "state", worker_states[worker->state]);
		json_put_integer(out, "inFlight", worker->busy);
		json_close(out, '}');
	}
}

static void
put_workers(struct buf *out, const struct spoold *s)
{
	const struct pool *pool;

	json_open(out, "workers", '[');
	TAILQ_FOREACH(pool, &s->pools, entry)
		put_pool(out, pool);
	json_close(out, ']');
}

/* The counts of formats.md's queue.status, of what waits. */
static void
put_counts(struct buf *out, struct organization *org)
{
	struct waiting *w, *oldest = NULL;
	struct target *target;
	size_t in_flight = 0;

	RB_FOREACH(target, targets, &org->targets)
		in_flight += target->in_flight;
	/* Ids begin with their time, so the first in cur/ is the oldest. */
	RB_FOREACH(w, waiting_by_name, &org->tickets)
		if (w->queue == QUEUE_cur || w->queue == QUEUE_retry) {
			oldest = w;
			break;
		}
	json_put_integer(out, "pendingCount",
	    (int64_t)(org->counts[QUEUE_cur] - in_flight));
	json_put_integer(out, "processingCount", (int64_t)in_flight);
	json_put_integer(out, "retryingCount",
	    (int64_t)org->counts[QUEUE_retry]);
	json_put_integer(out, "heldCount", (int64_t)org->counts[QUEUE_hold]);
	json_put_integer(out, "failedCount", org->failed);
	json_put_integer(out, "completedCount", org->delivered);
	json_put_integer(out, "averageProcessingTime",
	    org->deliveries == 0 ? 0 : org->delivery_ms / org->deliveries);
	json_put_integer(out, "oldestPendingAge", oldest == NULL ? 0 :
	    clock_wall() - id_time(&oldest->id));
}

void
verb_server_status(struct request *request)
{
	struct spoold *s = request->spoold;
	struct organization *org;
	struct buf out = { 0 };
	bool healthy = s->phase == PHASE_RUNNING && !alerts_any(s);

	json_open(&out, NULL, '{');
	json_put_integer(&out, "pid", getpid());
	json_put_string(&out, "version", SPOOLD_VERSION);
	json_put_time(&out, "startedAt", s->started_at);
	json_put_string(&out, "health", healthy ? "healthy" : "degraded");
	alert_list(s, &out);
	put_workers(&out, s);
	json_open(&out, "organizations", '[');
	TAILQ_FOREACH(org, &s->organizations, entry) {
		json_open(&out, NULL, '{');
		json_put_string(&out, "organizationId", org->id);
		put_counts(&out, org);
		json_close(&out, '}');
	}
	json_close(&out, ']');
	json_open(&out, "journal", '{');
	json_put_integer(&out, "seq", journal_last(s->journal));
	json_put_integer(&out, "durable", journal_durable(s->journal));
	json_put_integer(&out, "checkpoint",
	    journal_last_checkpoint(s->journal));
	json_close(&out, '}');
	json_close(&out, '}');
	request_answer(request, &out);
}

void
verb_server_stop(struct request *request)
{
	struct spoold *s = request->spoold;
	bool now = json_boolean(json_get(request->json, "now"), false);
	struct buf out = { 0 };

	request_answer(request, &out);
	spoold_stop(s, now);
}

void
verb_config_reload(struct request *request)
{
	struct buf out = { 0 };
	struct why why;

	json_open(&out, NULL, '{');
	if (configuration_reload(request->spoold, request->by, &out,
	    &why) == -1) {
		buf_free(&out);
		request_fail(request, &why);
		return;
	}
	json_close(&out, '}');
	request_answer(request, &out);
}

/* True if it is one of the names that are asked for, or none is named. */
static bool
is_wanted(const struct json *names, const char *name)
{
	const struct json *item = json_first(names);

	for (; item != NULL; item = json_next(item))
		if (strcmp(json_string(item, ""), name) == 0)
			return true;
	return names == NULL;
}

/* The first of the names that is no setting's, or NULL. */
static const char *
config_unknown(const struct conf_rows *rows, const struct json *names)
{
	const struct json *item = json_first(names);

	for (; item != NULL; item = json_next(item))
		if (conf_rows_find(rows, json_string(item, "")) == NULL)
			return json_string(item, "");
	return NULL;
}

static void
put_setting(struct buf *out, const struct conf *conf,
    const struct conf_row *row)
{
	struct buf value = { 0 };

	conf_row_value(row, &value);
	json_open(out, NULL, '{');
	json_put_string(out, "name", row->name);
	json_put_string(out, "value", value.len == 0 ? "" : value.data);
	json_put_string(out, "source", conf_row_source(conf, row));
	json_close(out, '}');
	buf_free(&value);
}

void
verb_config_get(struct request *request)
{
	const struct json *names = json_get(request->json, "names");
	const struct conf *conf = request->spoold->conf;
	struct conf_rows rows;
	struct buf out = { 0 };
	const char *unknown;
	struct why why;

	conf_rows(conf, &rows);
	unknown = config_unknown(&rows, names);
	if (unknown != NULL) {
		(void)why_field(&why, "names", "there is no setting %s",
		    unknown);
		conf_rows_free(&rows);
		request_fail(request, &why);
		return;
	}
	json_open(&out, NULL, '{');
	json_open(&out, "settings", '[');
	for (size_t i = 0; i < rows.count; i++)
		if (is_wanted(names, rows.items[i].name))
			put_setting(&out, conf, &rows.items[i]);
	json_close(&out, ']');
	json_close(&out, '}');
	conf_rows_free(&rows);
	request_answer(request, &out);
}

/* The attempts under way: no more than queue.concurrency. */
static void
put_flights(struct buf *out, const struct request *request)
{
	const struct flight *flight;
	char id[ID_LENGTH + 1];

	json_open(out, "inFlight", '[');
	TAILQ_FOREACH(flight, &request->spoold->flights, entry) {
		const struct waiting *w = flight->waiting;

		if (w->target->organization != request->organization ||
		    flight->closed)
			continue;
		id_format(&w->id, id);
		json_open(out, NULL, '{');
		json_put_string(out, "deliveryId", id);
		json_put_string(out, "destinationId", w->target->id);
		json_put_integer(out, "attempt", flight->attempt);
		json_put_time(out, "inFlightSince",
		    tickets_wall(flight->started));
		json_close(out, '}');
	}
	json_close(out, ']');
}

/* Why drops stay in new/, if it is the organization's own doing. */
static void
put_limit(struct buf *out, struct request *request)
{
	struct why why;

	if (limits_hold(request->spoold, request->organization, &why) == 0)
		return;
	json_open(out, "limit", '{');
	json_put_string(out, "code", error_name(why.code));
	json_put_string(out, "reason", why.text);
	json_put_integer(out, "retryAfter", why.retry_after);
	json_close(out, '}');
}

void
verb_queue_status(struct request *request)
{
	struct buf out = { 0 };

	json_open(&out, NULL, '{');
	put_counts(&out, request->organization);
	put_flights(&out, request);
	put_limit(&out, request);
	json_close(&out, '}');
	request_answer(request, &out);
}

void
verb_queue_sweep(struct request *request)
{
	struct spoold *s = request->spoold;
	bool dry = json_boolean(json_get(request->json, "dryRun"), false);
	struct why why;

	if (s->phase != PHASE_RUNNING ||
	    (!dry && !commit_possible(s, request->organization))) {
		(void)why_set(&why, ERROR_UNAVAILABLE,
		    "the journal or the spool cannot be written now");
		request_fail(request, &why);
		return;
	}
	sweep_ask(s, request->organization, request, dry);
}
