/*
 * spoolconf - the settings: in force, by default, changed; as postconf(1)
 *
 * A setting is a row with its name; what is printed of a row, and which rows
 * are, is all that the options choose.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/conf_row.h"
#include "lib/show.h"

#include "spoold/commands/spoolconf.h"

struct spoolconf {
	bool		 defaults, changed, edit, value_only, name_only,
			 source;
	struct cli_list	 overrides;
};

#define FIELD(field) offsetof(struct spoolconf, field)

static const struct cli_option options[] = {
	{ 'd', "defaults", NULL, "The defaults; all of them as the file that "
	    "is shipped.", CLI_FLAG, FIELD(defaults), NULL },
	{ 'n', "changed", NULL, "Only what differs from its default.",
	    CLI_FLAG, FIELD(changed), NULL },
	{ 'e', "edit", NULL, "Change the file: NAME=VALUE...", CLI_FLAG,
	    FIELD(edit), NULL },
	{ 'h', "values", NULL, "Print values only.", CLI_FLAG,
	    FIELD(value_only), NULL },
	{ 'H', "names", NULL, "Print names only.", CLI_FLAG, FIELD(name_only),
	    NULL },
	{ 0, "source", NULL, "Print where each value comes from, too.",
	    CLI_FLAG, FIELD(source), NULL },
	{ 'o', "override", "NAME=VALUE", "As if the setting had that value.",
	    CLI_LIST, FIELD(overrides), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

/* --- names ---------------------------------------------------------------- */

int
name_unknown(const char *name, struct why *why)
{
	return why_set(why, ERROR_USAGE, "there is no setting %s; spoolconf "
	    "-H lists those there are", name);
}

int
assignment_read(const char *word, struct assignment *assignment,
    struct why *why)
{
	const char *equals = strchr(word, '=');
	size_t length = equals == NULL ? 0 : (size_t)(equals - word);

	if (length == 0)
		return why_set(why, ERROR_USAGE, "\"%s\" is no NAME=VALUE",
		    word);
	if (length >= sizeof(assignment->name))
		return name_unknown(word, why);
	memcpy(assignment->name, word, length);
	assignment->name[length] = '\0';
	assignment->value = equals + 1;
	return 0;
}

/* --- printing ------------------------------------------------------------- */

static void
print_json(const struct spoolconf *state, const char *name, const char *value,
    const char *source)
{
	struct buf line = { .max = 0 };

	json_open(&line, NULL, '{');
	if (!state->value_only)
		json_put_string(&line, "name", name);
	if (!state->name_only)
		json_put_string(&line, "value", value);
	json_put_string(&line, "source", source);
	json_close(&line, '}');
	(void)printf("%s\n", line.data);
	buf_free(&line);
}

static void
print_text(const struct spoolconf *state, const char *name, const char *value,
    const char *source)
{
	if (!state->value_only)
		show_text(stdout, name);
	if (!state->value_only && !state->name_only)
		(void)fputs(" = ", stdout);
	if (!state->name_only)
		show_text(stdout, value);
	if (state->source)
		(void)printf(" (%s)", source);
	(void)fputc('\n', stdout);
}

static void
print_row(const struct cli *cli, const struct spoolconf *state,
    const struct conf_row *row)
{
	struct buf value = { .max = 0 }, fallback = { .max = 0 };
	const char *source = state->defaults ? "default" :
	    conf_row_source(cli->conf, row);

	conf_row_value(row, &value);
	conf_row_default(row, &fallback);
	if (!state->changed || strcmp(value.data, fallback.data) != 0)
		(cli->json ? print_json : print_text)(state, row->name,
		    state->defaults ? fallback.data : value.data, source);
	buf_free(&value);
	buf_free(&fallback);
}

/* True if it is another organization's than the one that is asked for. */
static bool
is_anothers(const struct cli *cli, const struct conf_row *row)
{
	return cli->organization != NULL &&
	    row->setting->scope == SCOPE_organization &&
	    strcmp(row->title, cli->organization) != 0;
}

static int
print_rows(const struct cli *cli, const struct spoolconf *state,
    const struct conf_rows *rows, struct why *why)
{
	const struct conf_row *row;

	/* All are known, or nothing is printed. */
	for (size_t i = 0; i < cli->word_count; i++)
		if (conf_rows_find(rows, cli->words[i]) == NULL)
			return name_unknown(cli->words[i], why);
	for (size_t i = 0; i < cli->word_count; i++) {
		row = conf_rows_find(rows, cli->words[i]);
		print_row(cli, state, row);
	}
	for (size_t i = 0; i < rows->count && cli->word_count == 0; i++)
		if (!is_anothers(cli, &rows->items[i]))
			print_row(cli, state, &rows->items[i]);
	return 0;
}

/* --- what is asked for ---------------------------------------------------- */

/* -o, in order. */
static int
override_all(struct cli *cli, const struct spoolconf *state, struct why *why)
{
	struct assignment assignment = { .value = "" };
	const struct conf_row *row;
	struct conf_rows rows;
	int result = 0;

	for (size_t i = 0; i < state->overrides.count && result == 0; i++) {
		if (assignment_read(state->overrides.items[i], &assignment,
		    why) == -1)
			return -1;
		conf_rows(cli->conf, &rows);
		row = conf_rows_find(&rows, assignment.name);
		result = row == NULL ? name_unknown(assignment.name, why) :
		    conf_override(cli->conf, row, assignment.value, why);
		conf_rows_free(&rows);
	}
	return result;
}

static int
print_settings(struct cli *cli, const struct spoolconf *state,
    struct why *why)
{
	struct conf_rows rows;
	int result;

	if (cli_conf(cli, why) == NULL || (cli->organization != NULL &&
	    cli_organization(cli, why) == NULL) ||
	    override_all(cli, state, why) == -1)
		return -1;
	conf_rows(cli->conf, &rows);
	result = print_rows(cli, state, &rows, why);
	conf_rows_free(&rows);
	return result;
}

/* The file that is shipped: needs no configuration. */
static int
print_shipped(void)
{
	struct buf text = { .max = 0 };

	conf_print_shipped(&text);
	(void)fputs(text.data, stdout);
	buf_free(&text);
	return 0;
}

/* The first thing that was asked for and cannot go together, or NULL. */
static const char *
find_contradiction(const struct cli *cli, const struct spoolconf *state)
{
	if (state->edit && (state->defaults || state->changed ||
	    state->value_only || state->name_only || state->source ||
	    state->overrides.count > 0 || cli->organization != NULL))
		return "-e takes no other option";
	if (state->edit && cli->word_count == 0)
		return "NAME=VALUE is missing";
	if (state->value_only && state->name_only)
		return "-h and -H are one too many";
	if (state->defaults && (state->changed || state->overrides.count > 0))
		return "a default neither differs from itself nor is "
		    "overridden";
	return NULL;
}

static int
spoolconf(struct cli *cli, void *arg)
{
	const struct spoolconf *state = arg;
	const char *contradiction = find_contradiction(cli, state);
	struct why why;
	int result;

	if (contradiction != NULL)
		return cli_usage(cli, "%s", contradiction);
	if (state->edit)
		result = spoolconf_edit(cli, &why);
	else if (state->defaults && !state->value_only && !state->name_only &&
	    !state->source && !cli->json && cli->word_count == 0)
		result = print_shipped();
	else
		result = print_settings(cli, state, &why);
	return result == -1 ? cli_fail(cli, &why) : 0;
}

int
main(int argc, char **argv)
{
	static const struct cli_program program = {
		.name = "spoolconf",
		.itself = {
			.synopsis = "[NAME...]",
			.sentence = "Settings, as section.name, "
			    "organization.ID.name, transport.NAME.name.",
			.options = options,
			.words_max = SIZE_MAX,
			.action = spoolconf,
		},
	};
	struct spoolconf state = { .edit = false };

	return cli_run(&program, argc, argv, &state);
}
