/*
 * spooldest_test - whether a destination can be reached, and how it does
 *
 * Only a running spoold has workers, and only they may connect; so these do
 * not start one.
 */
#include <stdio.h>

#include "lib/clock.h"
#include "lib/show.h"

#include "spoold/commands/spooldest.h"

static const struct show_column step_columns[] = {
	{ "STEP", false }, { "RESULT", false }, { "MS", true },
	{ "SEEN", false }, { NULL, false }
};

static const struct show_column health_columns[] = {
	{ "ID", false }, { "STATUS", false }, { "ATTEMPTS", true },
	{ "FAILED", true }, { "IN A ROW", true }, { "MEAN MS", true },
	{ "P95 MS", true }, { "LAST DELIVERED", false }, { NULL, false }
};

static void
steps_show(const struct json *steps)
{
	struct show_table *table = show_table_new(stdout, step_columns);
	const struct json *step = json_first(steps);

	for (; step != NULL; step = json_next(step)) {
		bool ok = json_boolean(json_get(step, "ok"), false);

		show_cell(table, SHOW_PLAIN, json_string(json_get(step,
		    "name"), "?"));
		show_cell(table, ok ? SHOW_GREEN : SHOW_RED, ok ? "ok" :
		    "failed");
		show_cell_number(table, json_integer(json_get(step, "ms"),
		    0));
		/* Why one failed is said below, once. */
		show_cell(table, SHOW_PLAIN, ok ? json_string(json_get(step,
		    "message"), "") : "");
	}
	show_table_close(&table);
}

int
dest_test(struct cli *cli, void *state)
{
	const struct dest *dest = state;
	struct json *result;
	struct why why;
	int status = 0;

	result = cli_answer(cli, libspool_destination_test(
	    cli_spoold(cli, CLI_RUNNING), cli->words[0], dest->deliver,
	    &cli->error), &why);
	if (result == NULL)
		return cli_fail(cli, &why);
	if (cli->json)
		line_print(result);
	else
		steps_show(json_get(result, "steps"));
	if (!json_boolean(json_get(result, "success"), false)) {
		(void)why_set(&why, error_by_name(json_string(json_get(result,
		    "errorCode"), "INTERNAL_ERROR")), "%s",
		    json_string(json_get(result, "message"), ""));
		status = cli_fail(cli, &why);
	}
	json_free(&result);
	return status;
}

/* --- health --------------------------------------------------------------- */

static void
health_row(struct show_table *table, const struct json *health)
{
	static const char *const numbers[] = { "totalDeliveries",
	    "totalFailures", "consecutiveFailures", "averageResponseTime",
	    "p95ResponseTime" };
	const char *status = json_string(json_get(health, "status"), "?");
	char when[40] = "never";
	int64_t ms;

	show_cell(table, SHOW_PLAIN, json_string(json_get(health,
	    "destinationId"), "?"));
	show_cell(table, SHOW_PLAIN, status);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		show_cell_number(table, json_integer(json_get(health,
		    numbers[i]), 0));
	if (clock_parse(json_string(json_get(health, "lastSuccessAt"), ""),
	    &ms) == 0)
		show_relative(ms, clock_wall(), when);
	show_cell(table, SHOW_PLAIN, when);
}

/* One destination's; NULL as `table`: as JSON.  0, or -1 with *why. */
static int
health_show(struct cli *cli, const char *id, struct show_table *table,
    struct why *why)
{
	struct json *health;

	health = cli_answer(cli, libspool_destination_health(
	    cli_spoold(cli, CLI_RUNNING), id, &cli->error), why);
	if (health == NULL)
		return -1;
	if (table == NULL)
		line_print(health);
	else
		health_row(table, health);
	json_free(&health);
	return 0;
}

static int
health_show_each(void *arg, struct cli *cli, const struct json *document,
    struct why *why)
{
	return health_show(cli, json_string(json_get(document, "id"), ""),
	    arg, why);
}

int
dest_health(struct cli *cli, void *state)
{
	struct show_table *table = NULL;
	struct why why;
	int result;

	(void)state;
	if (cli_connect(cli, CLI_RUNNING, &why) == -1)
		return cli_fail(cli, &why);
	if (!cli->json)
		table = show_table_new(stdout, health_columns);
	result = cli->word_count > 0 ?
	    health_show(cli, cli->words[0], table, &why) :
	    dest_each(cli, state, health_show_each, table, &why);
	show_table_close(&table);
	return result == -1 ? cli_fail(cli, &why) : 0;
}
