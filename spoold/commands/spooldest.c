/*
 * spooldest - destinations: look at, delete, enable, disable, defaults
 *
 * All is asked of spoold, which alone writes destinations.
 */
#include <stddef.h>
#include <stdio.h>

#include "lib/cli.h"
#include "lib/show.h"

#include "spoold/commands/spooldest.h"

#define LIST_PAGE 15	/* documents of 64 KiB that an answer can hold */

#define DEST(field) offsetof(struct dest, field)

static const struct cli_option delete_options[] = {
	{ 0, "cancel-tickets", NULL, "Cancel the tickets that wait for it.",
	    CLI_FLAG, DEST(cancel_tickets), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static const struct cli_option disable_options[] = {
	{ 0, "reason", "TEXT", "Why, for whoever looks at it later.",
	    CLI_TEXT, DEST(reason), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static const struct cli_option list_options[] = {
	{ 0, "type", "TYPE", "Only those of that type.", CLI_TEXT, DEST(type),
	    NULL },
	{ 0, "default", NULL, "Only the default ones.", CLI_FLAG,
	    DEST(only_default), NULL },
	{ 0, "disabled", NULL, "Only the disabled ones.", CLI_FLAG,
	    DEST(only_disabled), NULL },
	{ 0, "enabled", NULL, "Only the others.", CLI_FLAG,
	    DEST(only_enabled), NULL },
	{ 0, "sort", "FIELD", "By that field, as it is called in the JSON; "
	    "id.", CLI_TEXT, DEST(sort), NULL },
	{ 0, "descending", NULL, "The last one first.", CLI_FLAG,
	    DEST(descending), NULL },
	{ 0, "limit", "COUNT", "At most that many.", CLI_TEXT, DEST(limit),
	    NULL },
	{ 0, "offset", "COUNT", "Without the first ones.", CLI_TEXT,
	    DEST(offset), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static const struct cli_option test_options[] = {
	{ 0, "deliver", NULL, "Send a synthetic delivery, too.", CLI_FLAG,
	    DEST(deliver), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static const struct cli_option add_options[] = {
	{ 0, "drill", NULL, "Try it alone; passed, the old one can retire.",
	    CLI_FLAG, DEST(drill), NULL },
	{ 0, "field", "FIELD", "A second value of that credential, such as "
	    "auth.token.", CLI_TEXT, DEST(field), NULL },
	{ 0, "at", "TIME", "It takes over then; now.", CLI_TEXT, DEST(at),
	    NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static const struct cli_option rotate_options[] = {
	{ 0, "drill", NULL, "Try the new one alone; passed, the old one can "
	    "retire.", CLI_FLAG, DEST(drill), NULL },
	{ 0, "confirm", NULL, "The receiver has the new one.", CLI_FLAG,
	    DEST(confirm), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static const struct cli_option export_options[] = {
	{ 0, "passphrase-file", "FILE", "Seal credentials to its first line; "
	    "else it is asked for.", CLI_TEXT, DEST(passphrase_file), NULL },
	{ 0, "no-credentials", NULL, "Leave credentials out.", CLI_FLAG,
	    DEST(no_credentials), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static const struct cli_option import_options[] = {
	{ 'n', "dry-run", NULL, "Only say what would change.", CLI_FLAG,
	    DEST(dry_run), NULL },
	{ 0, "passphrase-file", "FILE", "Open credentials with its first "
	    "line; else it is asked for.", CLI_TEXT, DEST(passphrase_file),
	    NULL },
	{ 0, "no-credentials", NULL, "Leave sealed credentials out.",
	    CLI_FLAG, DEST(no_credentials), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static const struct show_column list_columns[] = {
	{ "ID", false }, { "TYPE", false }, { "STATE", false },
	{ "DEFAULT", false }, { "USED", true }, { "LABEL", false },
	{ NULL, false }
};

void
line_print(const struct json *value)
{
	struct buf line = { .max = 0 };

	json_print(&line, value);
	(void)printf("%s\n", line.data);
	buf_wipe(&line);
}

/* --- looking --- */

static int
dest_show(struct cli *cli, void *state)
{
	struct json *document;
	struct why why;
	size_t i;

	(void)state;
	for (i = 0; i < cli->word_count; i++) {
		document = cli_answer(cli, libspool_destination_get(
		    cli_spoold(cli, CLI_ANYHOW), cli->words[i], &cli->error),
		    &why);
		if (document == NULL)
			return cli_fail(cli, &why);
		if (cli->json)
			line_print(document);
		else
			show_json(stdout, document);
		json_free(&document);
	}
	return 0;
}

static void
list_row(struct show_table *table, const struct json *document)
{
	bool disabled = json_boolean(json_get(document, "disabled"), false);
	char used[24];

	show_cell(table, SHOW_PLAIN, json_string(json_get(document, "id"),
	    "?"));
	show_cell(table, SHOW_PLAIN, json_string(json_get(document, "type"),
	    "?"));
	show_cell(table, disabled ? SHOW_YELLOW : SHOW_PLAIN,
	    disabled ? "disabled" : "enabled");
	show_cell(table, SHOW_PLAIN,
	    json_boolean(json_get(document, "isDefault"), false) ? "yes"
	    : "no");
	(void)snprintf(used, sizeof(used), "%lld", (long long)json_integer(
	    json_get(document, "countUsage"), 0));
	show_cell(table, SHOW_PLAIN, used);
	show_cell(table, SHOW_PLAIN, json_string(json_get(document, "label"),
	    ""));
}

/* What is asked for, of that page. */
static void
list_filter(const struct dest *dest, int64_t offset, int64_t limit,
    struct buf *out)
{
	buf_clear(out);
	json_open(out, NULL, '{');
	json_put_string(out, "type", dest->type);
	if (dest->only_default)
		json_put_boolean(out, "isDefault", true);
	if (dest->only_disabled || dest->only_enabled)
		json_put_boolean(out, "disabled", dest->only_disabled);
	json_put_string(out, "sortBy", dest->sort);
	if (dest->descending)
		json_put_string(out, "sortOrder", "desc");
	json_put_integer(out, "limit", limit < LIST_PAGE ? limit : LIST_PAGE);
	json_put_integer(out, "offset", offset);
	json_close(out, '}');
}

/* Which of them: from *offset_r on, *limit_r at most. */
static int
list_range(const struct dest *dest, int64_t *offset_r, int64_t *limit_r,
    struct why *why)
{
	*offset_r = 0;
	*limit_r = INT64_MAX;
	if (dest->offset != NULL && cli_number("--offset", dest->offset, 0,
	    INT32_MAX, offset_r, why) == -1)
		return -1;
	return dest->limit == NULL ? 0 : cli_number("--limit", dest->limit, 0,
	    INT32_MAX, limit_r, why);
}

int
dest_each(struct cli *cli, const struct dest *dest, dest_one *each, void *arg,
    struct why *why)
{
	struct buf filter = { .max = 0 };
	const struct json *document;
	int64_t offset, limit, total, count;
	struct json *page;
	int result;

	result = list_range(dest, &offset, &limit, why);
	for (total = offset + 1; result == 0 && limit > 0 && offset < total;
	    limit -= count, offset += count) {
		list_filter(dest, offset, limit, &filter);
		page = cli_answer(cli, libspool_destination_list(
		    cli_spoold(cli, CLI_ANYHOW), filter.data, &cli->error),
		    why);
		document = json_first(json_get(page, "deliveryDestinations"));
		total = json_integer(json_get(page, "totalCount"), 0);
		result = page == NULL ? -1 : 0;
		for (count = 0; document != NULL && result == 0;
		    document = json_next(document), count++)
			result = each(arg, cli, document, why);
		if (count == 0)
			total = 0;
		json_free(&page);
	}
	buf_free(&filter);
	return result;
}

static int
list_each(void *arg, struct cli *cli, const struct json *document,
    struct why *why)
{
	(void)cli;
	(void)why;
	if (arg == NULL)
		line_print(document);
	else
		list_row(arg, document);
	return 0;
}

static int
dest_list(struct cli *cli, void *state)
{
	const struct dest *dest = state;
	struct show_table *table;
	struct why why;
	int result;

	if (dest->only_disabled && dest->only_enabled)
		return cli_usage(cli, "--disabled and --enabled exclude each "
		    "other");
	table = cli->json ? NULL : show_table_new(stdout, list_columns);
	result = dest_each(cli, state, list_each, table, &why);
	show_table_close(&table);
	return result == -1 ? cli_fail(cli, &why) : 0;
}

static int
default_list(struct cli *cli, void *state)
{
	const struct json *each;
	struct json *list;
	struct why why;

	(void)state;
	list = cli_answer(cli, libspool_default_list(
	    cli_spoold(cli, CLI_ANYHOW), &cli->error), &why);
	if (list == NULL)
		return cli_fail(cli, &why);
	for (each = json_first(json_get(list, "destinations")); each != NULL;
	    each = json_next(each)) {
		if (cli->json)
			line_print(each);
		else
			(void)printf("%s\n", json_string(each, "?"));
	}
	json_free(&list);
	return 0;
}

/* --- changing --- */

/* What changes a destination: one of libspool's calls. */
typedef struct libspool_result *changing(struct libspool *, const char *id,
	    const char *reason, struct libspool_error *);

/* Does so to each that is named; `done` is what it is then said to be. */
static int
change_each(struct cli *cli, const struct dest *dest, changing *change,
    const char *done)
{
	struct json *result;
	struct why why;
	size_t i;

	for (i = 0; i < cli->word_count; i++) {
		result = cli_answer(cli, change(cli_spoold(cli, CLI_ANYHOW),
		    cli->words[i], dest->reason, &cli->error), &why);
		if (result == NULL)
			return cli_fail(cli, &why);
		if (cli->json)
			line_print(result);
		else
			(void)printf("%s: %s\n", cli->words[i], done);
		json_free(&result);
	}
	return 0;
}

static struct libspool_result *
delete_idle(struct libspool *spoold, const char *id, const char *reason,
    struct libspool_error *error)
{
	return libspool_destination_delete(spoold, id, false, reason, error);
}

static struct libspool_result *
delete_busy(struct libspool *spoold, const char *id, const char *reason,
    struct libspool_error *error)
{
	return libspool_destination_delete(spoold, id, true, reason, error);
}

static int
dest_delete(struct cli *cli, void *state)
{
	const struct dest *dest = state;

	return change_each(cli, dest, dest->cancel_tickets ? delete_busy :
	    delete_idle, "deleted");
}

static int
dest_enable(struct cli *cli, void *state)
{
	return change_each(cli, state, libspool_destination_enable,
	    "enabled");
}

static int
dest_disable(struct cli *cli, void *state)
{
	return change_each(cli, state, libspool_destination_disable,
	    "disabled");
}

static int
default_add(struct cli *cli, void *state)
{
	return change_each(cli, state, libspool_default_add,
	    "a default destination");
}

static int
default_remove(struct cli *cli, void *state)
{
	return change_each(cli, state, libspool_default_remove,
	    "no default destination");
}

static const struct cli_verb verbs[] = {
	{ "create", "FILE|-",
	    "Create a destination, or an array of them: all or none.", NULL,
	    1, 1, dest_create },
	{ "update", "ID FILE|-", "Change the fields that the file has.", NULL,
	    2, 2, dest_update },
	{ "duplicate", "ID [NEWID]", "Create another one like it.", NULL, 1,
	    2, dest_duplicate },
	{ "show", "ID...", "Show it, credentials as ********.", NULL, 1,
	    SIZE_MAX, dest_show },
	{ "list", NULL, "List them.", list_options, 0, 0, dest_list },
	{ "delete", "ID...", "Delete it, unless tickets wait for it.",
	    delete_options, 1, SIZE_MAX, dest_delete },
	{ "enable", "ID...", "Let its tickets go on.", NULL, 1, SIZE_MAX,
	    dest_enable },
	{ "disable", "ID...", "Let its tickets wait.", disable_options, 1,
	    SIZE_MAX, dest_disable },
	{ "default add", "ID...",
	    "Jobs that name no destination go to it, too.", NULL, 1, SIZE_MAX,
	    default_add },
	{ "default remove", "ID...", "They no longer do.", NULL, 1, SIZE_MAX,
	    default_remove },
	{ "default list", NULL, "List the default destinations.", NULL, 0, 0,
	    default_list },
	{ "export", "[ID...]", "Print all, or these, for another instance.",
	    export_options, 0, SIZE_MAX, dest_export },
	{ "import", "FILE|-", "Create or update those of a file.",
	    import_options, 1, 1, dest_import },
	{ "test", "ID", "Connect to it, and say how far that comes.",
	    test_options, 1, 1, dest_test },
	{ "health", "[ID]", "What attempts have shown since the start.",
	    NULL, 0, 1, dest_health },
	{ "secret list", "ID...",
	    "List the secrets that sign, and second values.", NULL, 1,
	    SIZE_MAX, secret_list },
	{ "secret rotate", "ID", "Make a new one, and print it.",
	    rotate_options, 1, 1, secret_rotate },
	{ "secret add", "ID FILE|-", "Bring a new one, or a credential's "
	    "second value.", add_options, 2, 2,
	    secret_add },
	{ "secret revoke", "ID SECRET|FIELD", "End one at once; go back to "
	    "the value before.", NULL, 2, 2,
	    secret_revoke },
	{ "secret reveal", "ID [SECRET]", "Print one.", NULL, 1, 2,
	    secret_reveal },
	{ NULL, NULL, NULL, NULL, 0, 0, NULL }
};

int
main(int argc, char **argv)
{
	static const struct cli_program program = {
		.name = "spooldest",
		.verbs = verbs,
		.itself = {
			.synopsis = "VERB",
			.sentence = "Destinations: where to, how, with which "
			    "credentials.",
		},
	};
	struct dest dest = { .reason = NULL };

	return cli_run(&program, argc, argv, &dest);
}
