/*
 * spooldest_secret - the secrets that sign
 *
 * A secret comes from a file or from standard input and never from the command
 * line, which everybody on the machine can read.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/show.h"

#include "spoold/commands/spooldest.h"

static const struct show_column columns[] = {
	{ "SECRET", false }, { "STATE", false }, { "FROM", false },
	{ "CREATED", false }, { "ACCEPTED", false }, { "SIGNS UNTIL", false },
	{ NULL, false }
};

/* A time of its, or what stands for none. */
static void
time_cell(struct show_table *table, const struct json *secret,
    const char *name, const char *none)
{
	char words[40];
	int64_t ms;

	if (clock_parse(json_string(json_get(secret, name), ""), &ms) == 0)
		show_relative(ms, clock_wall(), words);
	else
		(void)snprintf(words, sizeof(words), "%s", none);
	show_cell(table, SHOW_PLAIN, words);
}

static void
secrets_show(const struct json *secrets)
{
	struct show_table *table = show_table_new(stdout, columns);
	const struct json *each = json_first(secrets);

	for (; each != NULL; each = json_next(each)) {
		bool old = json_get(each, "expiresAt") != NULL;

		show_cell(table, SHOW_PLAIN, json_string(json_get(each,
		    "secretId"), "?"));
		show_cell(table, SHOW_PLAIN, old ? "overlap" : "current");
		show_cell(table, SHOW_PLAIN, json_boolean(json_get(each,
		    "made"), false) ? "spoold" : "given");
		time_cell(table, each, "createdAt", "?");
		time_cell(table, each, "acceptedAt", "not known");
		time_cell(table, each, "expiresAt", "-");
	}
	show_table_close(&table);
}

/* auth.token  next  in 4d */
static void
values_show(const struct json *values)
{
	static const struct show_column value_columns[] = {
		{ "FIELD", false }, { "TAKES OVER", false },
		{ "TOOK OVER", false }, { NULL, false }
	};
	const struct json *each = json_first(values);
	struct show_table *table;

	if (each == NULL)
		return;
	table = show_table_new(stdout, value_columns);
	for (; each != NULL; each = json_next(each)) {
		show_cell(table, SHOW_PLAIN, json_string(json_get(each,
		    "field"), "?"));
		time_cell(table, each, "takesOverAt", "-");
		time_cell(table, each, "tookOverAt", "-");
	}
	show_table_close(&table);
}

int
secret_list(struct cli *cli, void *state)
{
	struct json *list;
	struct why why;
	size_t i;

	(void)state;
	for (i = 0; i < cli->word_count; i++) {
		list = cli_answer(cli, libspool_secret_list(
		    cli_spoold(cli, CLI_ANYHOW), cli->words[i], &cli->error),
		    &why);
		if (list == NULL)
			return cli_fail(cli, &why);
		if (cli->json)
			line_print(list);
		else {
			if (json_count(json_get(list, "secrets")) > 0)
				secrets_show(json_get(list, "secrets"));
			values_show(json_get(list, "values"));
		}
		json_free(&list);
	}
	return 0;
}

/* --- drills --------------------------------------------------------------- */

/* A drill needs the network, which only a running spoold has. */
static struct libspool *
changer(struct cli *cli, const struct dest *dest)
{
	return cli_spoold(cli, dest->drill ? CLI_RUNNING : CLI_ANYHOW);
}

/* A drill that did not pass is an error, though what was changed stays. */
static int
drill_fail(struct cli *cli, const struct json *drill)
{
	struct why why;

	(void)why_set(&why, error_by_name(json_string(json_get(drill,
	    "errorCode"), "INTERNAL_ERROR")), "the receiver does not accept "
	    "the new secret by itself, so the old one goes on signing: %s",
	    json_string(json_get(drill, "message"), ""));
	return cli_fail(cli, &why);
}

/*
 * What became of it; `words` are for people, where no secret was made, and
 * `value` where it is about that of a credential.
 */
static int
change_show(struct cli *cli, const struct json *result, const char *words,
    const char *value)
{
	const struct json *drill = json_get(result, "drill");
	const char *secret = json_string(json_get(result, "secret"), NULL);
	bool failed = drill != NULL &&
	    !json_boolean(json_get(drill, "success"), false);

	if (cli->json)
		line_print(result);
	else if (secret != NULL)
		(void)printf("%s\n", secret);
	else if (value != NULL)
		(void)printf("%s: %s\n", cli->words[0], value);
	else if (!failed)
		(void)printf("%s: secret %s %s\n", cli->words[0],
		    json_string(json_get(json_first(json_get(result,
		    "secrets")), "secretId"), "?"), words);
	return failed ? drill_fail(cli, drill) : 0;
}

/* --- changing ------------------------------------------------------------- */

static int
change_end(struct cli *cli, struct libspool_result *changed,
    const char *words, const char *value)
{
	struct why why;
	struct json *result = cli_answer(cli, changed, &why);
	int status;

	if (result == NULL)
		return cli_fail(cli, &why);
	status = change_show(cli, result, words, value);
	json_free(&result);
	return status;
}

int
secret_rotate(struct cli *cli, void *state)
{
	const struct dest *dest = state;
	const char *id = cli->words[0];

	if (dest->drill && dest->confirm)
		return cli_usage(cli, "--drill and --confirm exclude each "
		    "other");
	return change_end(cli, dest->confirm ?
	    libspool_secret_confirm(changer(cli, dest), id, &cli->error) :
	    libspool_secret_rotate(changer(cli, dest), id, dest->drill,
	    &cli->error), "is accepted", NULL);
}

/* The first line of a file, or of `-`, and when it is to count: "" for now. */
static int
value_read(const struct cli *cli, const struct dest *dest, struct buf *value,
    char at[CLOCK_TEXT], struct why *why)
{
	int64_t ms;

	at[0] = '\0';
	if (file_read(cli->words[1], value, why) == -1)
		return -1;
	while (value->len > 0 && (value->data[value->len - 1] == '\n' ||
	    value->data[value->len - 1] == '\r'))
		value->data[--value->len] = '\0';
	if (dest->at == NULL)
		return 0;
	if (cli_when("--at", dest->at, &ms, why) == -1)
		return -1;
	clock_format(ms, at);
	return 0;
}

int
secret_add(struct cli *cli, void *state)
{
	const struct dest *dest = state;
	struct buf value = { .max = 0 };
	const char *id = cli->words[0], *text;
	struct why why;
	char at[CLOCK_TEXT];
	int status;

	if (dest->field == NULL && dest->at != NULL)
		return cli_usage(cli, "--at belongs to --field");
	if (dest->field != NULL && dest->drill)
		return cli_usage(cli, "--drill and --field exclude each "
		    "other");
	if (value_read(cli, dest, &value, at, &why) == -1) {
		buf_wipe(&value);
		return cli_fail(cli, &why);
	}
	text = value.len > 0 ? value.data : "";
	status = dest->field == NULL ?
	    change_end(cli, libspool_secret_add(changer(cli, dest), id, text,
	    dest->drill, &cli->error), "is current", NULL) :
	    change_end(cli, libspool_secret_second(changer(cli, dest), id,
	    dest->field, text, dest->at == NULL ? NULL : at, &cli->error),
	    NULL, dest->at == NULL ? "the new value counts" :
	    "the new value takes over then");
	buf_wipe(&value);
	return status;
}

int
secret_revoke(struct cli *cli, void *state)
{
	return change_end(cli, libspool_secret_revoke(changer(cli, state),
	    cli->words[0], cli->words[1], &cli->error), "is current",
	    islower((unsigned char)cli->words[1][0]) ?
	    "the value that was there counts" : NULL);
}

int
secret_reveal(struct cli *cli, void *state)
{
	struct json *result;
	struct why why;

	(void)state;
	result = cli_answer(cli, libspool_secret_reveal(
	    cli_spoold(cli, CLI_ANYHOW), cli->words[0],
	    cli->word_count > 1 ? cli->words[1] : NULL, &cli->error), &why);
	if (result == NULL)
		return cli_fail(cli, &why);
	if (cli->json)
		line_print(result);
	else
		(void)printf("%s\n", json_string(json_get(result, "secret"),
		    ""));
	json_free(&result);
	return 0;
}
