/*
 * pipe - gives tickets to programs
 *
 * Which programs there are the configuration says, and a destination only
 * names one: whoever may create destinations cannot run what he likes.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/common/courier.h"
#include "workers/pipe/config.h"
#include "workers/pipe/run.h"

static void *
pipe_begin(struct courier *courier, const struct link_record *setup,
    struct why *why)
{
	const char *text = setup->text[SETUP_pipes];
	struct json *pipes = json_parse(text, strlen(text), why);
	struct runs *runs;

	(void)courier;
	if (pipes == NULL)
		return NULL;
	runs = xcalloc(1, sizeof(*runs));
	TAILQ_INIT(&runs->list);
	runs->pipes = pipes;
	return runs;
}

static void *
pipe_config(const struct courier *courier, const struct json *json,
    struct why *why)
{
	const struct runs *runs = courier_own(courier);

	return config_read(runs->pipes, json, why);
}

static void
pipe_config_free(void *config)
{
	config_free(config);
}

/* A program takes jobs only: all that can be tried is whether it is there. */
static void
pipe_test(struct trial *trial)
{
	const struct config *config = trial->config;
	struct link_record record;
	struct why why;

	link_init(&record, LINK_tested);
	if (trial->facts.test != TEST_reach) {
		(void)why_set(&why, ERROR_USAGE, "a program can be tried with "
		    "a job only: drop one");
		trial_fail(trial, &why);
		return;
	}
	if (access(config->command[0], X_OK) == -1) {
		(void)why_errno(&why, "run %s", config->command[0]);
		record.tested.error = ERROR_CONFIG_ERROR;
		record.text[TESTED_reason] = why.text;
	}
	trial_step(trial, STEP_connect, record.tested.error == ERROR_NONE, 0,
	    clock_monotonic() - trial->started);
	trial_end(trial, &record);
}

static const struct transport pipes = {
	.program = "spoold-pipe",
	.sandbox = SANDBOX_programs,
	.state_size = sizeof(struct run),
	.begin = pipe_begin,
	.config_read = pipe_config,
	.config_free = pipe_config_free,
	.open = run_open,
	.prepare = run_prepare,
	.send = run_send,
	.close = run_close,
	.test = pipe_test,
	.turn = runs_turn,
};

int
main(void)
{
	return courier_run(&pipes);
}
