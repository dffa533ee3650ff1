/*
 * trial - a destination being tried, without a job
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/common/courier_inside.h"

#define DAY 86400000		/* ms */

static void
trial_free(struct trial *trial)
{
	struct courier *courier = trial->courier;

	if (courier->transport->trial_close != NULL)
		courier->transport->trial_close(trial);
	courier->attempts--;
	held_give(courier, trial->held);
	free(trial->state);
	free(trial);
}

void
trial_step(struct trial *trial, enum step step, bool good, int64_t from,
    int64_t to)
{
	trial->steps.step[step] = good ? STEP_OK : STEP_FAILED;
	trial->steps.step_ms[step] = to > from ? to - from : 0;
}

void
trial_says(struct trial *trial, enum step step, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(trial->says[step], sizeof(trial->says[step]), format,
	    arguments);
	va_end(arguments);
}

/* TLS as it was agreed upon, and how long the certificate lasts. */
static void
say_tls(struct trial *trial, const struct http_answer *answer)
{
	int64_t left = (answer->certificate_ends - clock_wall()) / DAY;

	if (answer->tls[0] == '\0')
		return;
	if (answer->certificate_ends == 0) {
		trial_says(trial, STEP_tls, "%s", answer->tls);
		return;
	}
	trial_says(trial, STEP_tls, "%s, certificate by %s, %" PRId64
	    " days left", answer->tls, answer->issuer[0] != '\0' ?
	    answer->issuer : "an authority without a name", left);
}

/* That it answered, and what its clock shows. */
static void
say_answer(struct trial *trial, const struct http_answer *answer)
{
	char skew[HTTP_SKEW_WORDS];

	if (answer->status == 0)
		return;
	http_skew_print(answer, skew);
	if (answer->date[0] == '\0')
		trial_says(trial, STEP_authenticate, "it answered %d",
		    answer->status);
	else if (http_ahead(answer) == 0)
		trial_says(trial, STEP_authenticate, "it answered %d, its "
		    "clock shows the same second", answer->status);
	else
		trial_says(trial, STEP_authenticate, "it answered %d, this "
		    "clock is %s", answer->status, skew);
}

bool
trial_clock_differs(struct trial *trial, const struct http_answer *answer,
    struct why *why)
{
	int64_t ahead = http_ahead(answer);
	char skew[HTTP_SKEW_WORDS];

	if (ahead <= HTTP_SKEW_MAX && ahead >= -HTTP_SKEW_MAX)
		return false;
	trial->steps.step[STEP_authenticate] = STEP_FAILED;
	http_skew_print(answer, skew);
	(void)why_set(why, ERROR_CONFIG_ERROR, "this machine's clock is %s, "
	    "and what signs with the time is refused: set the clock", skew);
	return true;
}

bool
trial_http_steps(struct trial *trial, const struct http_answer *answer,
    bool secure)
{
	int64_t now = clock_monotonic() - trial->started;
	int64_t resolved = answer->resolved, connected = answer->connected;
	int64_t secured = secure ? answer->secured : connected;

	trial_step(trial, STEP_resolve, resolved != -1, 0,
	    resolved != -1 ? resolved : now);
	if (resolved == -1)
		return false;
	trial_says(trial, STEP_connect, "%s", answer->peer);
	trial_step(trial, STEP_connect, connected != -1, resolved,
	    connected != -1 ? connected : now);
	if (connected == -1)
		return false;
	if (secure)
		trial_step(trial, STEP_tls, secured != -1, connected,
		    secured != -1 ? secured : now);
	say_tls(trial, answer);
	say_answer(trial, answer);
	return secured != -1;
}

void
trial_end(struct trial *trial, struct link_record *record)
{
	for (int i = 0; i < STEPS; i++)
		record->text[TESTED_step + i] = trial->says[i];
	memcpy(record->tested.step, trial->steps.step,
	    sizeof(record->tested.step));
	memcpy(record->tested.step_ms, trial->steps.step_ms,
	    sizeof(record->tested.step_ms));
	record->tested.token = trial->facts.token;
	record->tested.ms = clock_monotonic() - trial->started;
	skeleton_send(&trial->courier->skeleton, record);
	trial_free(trial);
}

void
trial_fail(struct trial *trial, const struct why *why)
{
	struct link_record record;

	link_init(&record, LINK_tested);
	record.tested.error = (int32_t)why->code;
	record.text[TESTED_reason] = why->text;
	trial_end(trial, &record);
}

void
trial_take(struct courier *courier, const struct link_record *record)
{
	struct trial *trial = xcalloc(1, sizeof(*trial));
	struct why why;

	trial->courier = courier;
	trial->facts = record->test;
	trial->started = clock_monotonic();
	trial->state = xcalloc(1, courier->transport->trial_size + 1);
	courier->attempts++;
	trial->held = held_take(courier, record->text[TEST_config], &why);
	if (trial->held == NULL) {
		trial_fail(trial, &why);
		return;
	}
	trial->config = trial->held->config;
	courier->transport->test(trial);
}
