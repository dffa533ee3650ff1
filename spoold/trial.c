/*
 * trial - a test of a destination, by its worker
 *
 * The config is opened when it is handed out, so that what is tested is what
 * an attempt at that moment would use.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/xalloc.h"

#include "spoold/commit.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/target.h"
#include "spoold/trial.h"
#include "spoold/worker.h"

struct trial {
	TAILQ_ENTRY(trial) entry;
	struct spoold	*spoold;	/* borrowed */
	struct target	*target;	/* borrowed */
	struct worker	*worker;	/* borrowed; NULL: not handed out */
	enum test	 test;
	uint64_t	 token;
	int64_t		 since;		/* monotonic ms; that it waits */
	char		*by;		/* own */
	trial_done	*done;
	void		*arg;
	bool		 over;		/* its end is on its way to disk */
	struct trial_result result;
};

static const char *const test_names[TESTS] = {
	[TEST_reach] = "reach",
	[TEST_deliver] = "deliver",
	[TEST_drill] = "drill",
};

static const char *const step_names[STEPS] = {
#define STEP(name) [STEP_##name] = #name,
	LINK_STEPS(STEP)
#undef STEP
};

static void
trial_free(struct trial *trial)
{
	TAILQ_REMOVE(&trial->spoold->trials, trial, entry);
	free(trial->by);
	free(trial);
}

/* --- ends ----------------------------------------------------------------- */

/* The action of its line. */
static void
trial_tell(struct spoold *s, void *arg)
{
	struct trial *trial = arg;

	trial->done(s, trial->arg, trial->target, &trial->result);
	trial_free(trial);
}

static void
trial_journal(const struct trial *trial)
{
	const struct trial_result *result = &trial->result;
	struct buf fields = { 0 };

	commit_fields(&fields, trial->target->organization->id, NULL);
	json_put_string(&fields, "dest", trial->target->id);
	json_put_string(&fields, "test", test_names[trial->test]);
	json_put_boolean(&fields, "success", result->success);
	json_put_integer(&fields, "ms", result->tested.ms);
	if (result->tested.code != 0)
		json_put_integer(&fields, "code", result->tested.code);
	if (result->tested.error != ERROR_NONE)
		json_put_string(&fields, "errorCode",
		    error_name((enum error)result->tested.error));
	if (result->reason[0] != '\0')
		json_put_string(&fields, "reason", result->reason);
	json_put_string(&fields, "by", trial->by);
	(void)commit_line(trial->spoold, EVENT_destination_tested, &fields);
}

static void
trial_over(struct trial *trial, const struct link_tested *tested,
    const char *reason)
{
	struct trial_result *result = &trial->result;

	if (trial->worker != NULL)
		worker_release(trial->worker);
	trial->worker = NULL;
	trial->over = true;
	result->tested = *tested;
	result->success = tested->error == ERROR_NONE;
	(void)snprintf(result->reason, sizeof(result->reason), "%s", reason);
	health_checked(&trial->target->health);
	trial_journal(trial);
	commit_then(trial->spoold, trial->target->organization, trial_tell,
	    trial);
}

/* It ends by something on this side. */
static void
trial_fail(struct trial *trial, enum error error, const char *reason)
{
	struct link_tested tested = { .error = (int32_t)error };

	tested.ms = clock_monotonic() - trial->since;
	trial_over(trial, &tested, reason);
}

/* --- the beginning -------------------------------------------------------- */

int
trial_start(struct spoold *s, struct target *target, enum test test,
    const char *by, trial_done *done, void *arg, struct why *why)
{
	struct trial *trial;

	if (s->offline || s->phase != PHASE_RUNNING)
		return why_set(why, ERROR_UNAVAILABLE, "spoold is not "
		    "running, and nobody else may connect to a destination: "
		    "spoolctl start");
	if (target_gate(target) == GATE_listener)
		return why_set(why, ERROR_UNAVAILABLE, "nobody listens for "
		    "links: download.listen is empty in the configuration");
	trial = xcalloc(1, sizeof(*trial));
	trial->spoold = s;
	trial->target = target;
	trial->test = test;
	trial->token = ++s->tokens;
	trial->since = clock_monotonic();
	trial->by = xstrdup(by);
	trial->done = done;
	trial->arg = arg;
	TAILQ_INSERT_TAIL(&s->trials, trial, entry);
	return 0;
}

/* An id like a delivery's; no job has it. */
static void
trial_id(struct id *id)
{
	int64_t now = clock_wall();

	arc4random_buf(id->bytes, sizeof(id->bytes));
	for (size_t i = 0; i < 6; i++)
		id->bytes[i] = (uint8_t)(now >> (40 - 8 * i));
}

static void
trial_hand_out(struct trial *trial, struct worker *worker)
{
	const struct secret *config;
	struct link_record record;
	struct why why;

	config = trial->target->destination == NULL ? NULL :
	    target_config(trial->spoold, trial->target, &why);
	if (config == NULL) {
		trial_fail(trial, ERROR_CONFIG_ERROR,
		    "the destination's credentials do not open");
		return;
	}
	link_init(&record, LINK_test);
	record.text[TEST_config] = config->data;
	record.test = (struct link_test) {
		.token = trial->token,
		.timeout = trial->target->destination->timeout,
		.test = (int32_t)trial->test,
	};
	trial_id(&record.test.id);
	if (worker_send(worker, &record) != 1)
		return;		/* another turn */
	trial->worker = worker;
	trial->since = clock_monotonic();
	worker_hold(worker);
}

void
trials_run(struct spoold *s)
{
	struct trial *trial, *next;

	TAILQ_FOREACH_SAFE(trial, &s->trials, entry, next) {
		const struct destination *destination =
		    trial->target->destination;
		struct worker *worker;

		if (trial->over || trial->worker != NULL)
			continue;
		if (destination == NULL) {
			trial_fail(trial, ERROR_DESTINATION_NOT_FOUND,
			    "the destination was deleted");
			continue;
		}
		worker = pool_worker(trial->target->pool);
		if (worker != NULL)
			trial_hand_out(trial, worker);
	}
}

/* --- what workers say, or do not ------------------------------------------ */

int
trial_heard(struct spoold *s, struct worker *worker,
    const struct link_record *record, struct why *why)
{
	struct trial *trial;

	TAILQ_FOREACH(trial, &s->trials, entry)
		if (trial->worker == worker &&
		    trial->token == record->tested.token)
			break;
	if (trial == NULL)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "it answers for a test that it does not hold");
	for (int i = 0; i < STEPS; i++)
		(void)strlcpy(trial->result.says[i],
		    record->text[TESTED_step + i],
		    sizeof(trial->result.says[i]));
	trial_over(trial, &record->tested, record->text[TESTED_reason]);
	return 0;
}

void
trials_died(struct spoold *s, struct worker *worker)
{
	struct trial *trial;

	TAILQ_FOREACH(trial, &s->trials, entry)
		if (trial->worker == worker)
			trial_fail(trial, ERROR_WORKER_DIED,
			    "the worker process ended before it answered");
}

void
trials_check(struct spoold *s)
{
	int64_t now = clock_monotonic();
	struct trial *trial;

	TAILQ_FOREACH(trial, &s->trials, entry) {
		if (trial->over || now - trial->since <= target_patience(
		    trial->target, trial->worker != NULL))
			continue;
		if (trial->worker != NULL)
			worker_kill(trial->worker,
			    "silent for too long on a test");
		else
			trial_fail(trial, ERROR_UNAVAILABLE,
			    "no worker could take it");
	}
}

void
trials_end(struct spoold *s)
{
	struct trial *trial;

	while ((trial = TAILQ_FIRST(&s->trials)) != NULL) {
		if (trial->worker != NULL)
			worker_release(trial->worker);
		trial->result.success = false;
		trial->result.tested.error = ERROR_UNAVAILABLE;
		(void)snprintf(trial->result.reason,
		    sizeof(trial->result.reason), "spoold ends");
		trial_tell(s, trial);
	}
}

/* --- telling -------------------------------------------------------------- */

void
trial_print(const struct trial_result *result, struct buf *out)
{
	const struct link_tested *tested = &result->tested;

	json_put_boolean(out, "success", result->success);
	json_put_integer(out, "responseTime", tested->ms);
	json_open(out, "steps", '[');
	for (int i = 0; i < STEPS; i++) {
		bool ok = tested->step[i] == STEP_OK;

		if (tested->step[i] == STEP_NOT_MADE)
			continue;
		json_open(out, NULL, '{');
		json_put_string(out, "name", step_names[i]);
		json_put_boolean(out, "ok", ok);
		json_put_integer(out, "ms", tested->step_ms[i]);
		json_put_string(out, "message", ok || result->reason[0] ==
		    '\0' ? result->says[i] : result->reason);
		json_close(out, '}');
	}
	json_close(out, ']');
	if (tested->error != ERROR_NONE)
		json_put_string(out, "errorCode",
		    error_name((enum error)tested->error));
	if (tested->code != 0)
		json_put_integer(out, "responseCode", tested->code);
	json_put_string(out, "message", result->reason);
}
