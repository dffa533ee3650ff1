/*
 * spooldest - destinations: create, look at, delete, enable, disable, defaults
 *
 * All is asked of spoold, which alone writes destinations.  What is read from
 * a file may hold secrets, so it is wiped; what is printed never does, but for
 * a secret that spoold has just made, with -j, once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static const struct cli_option test_options[] = {
	{ 0, "deliver", NULL, "Send a synthetic delivery, too.", CLI_FLAG,
	    DEST(deliver), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static const struct cli_option drill_options[] = {
	{ 0, "drill", NULL, "Try it alone; passed, the old one can retire.",
	    CLI_FLAG, DEST(drill), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static const struct cli_option rotate_options[] = {
	{ 0, "drill", NULL, "Try the new one alone; passed, the old one can "
	    "retire.", CLI_FLAG, DEST(drill), NULL },
	{ 0, "confirm", NULL, "The receiver has the new one.", CLI_FLAG,
	    DEST(confirm), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static const struct show_column list_columns[] = {
	{ "ID", false }, { "TYPE", false }, { "STATE", false },
	{ "DEFAULT", false }, { "LABEL", false }, { NULL, false }
};

void
line_print(const struct json *value)
{
	struct buf line = { .max = 0 };

	json_print(&line, value);
	(void)printf("%s\n", line.data);
	buf_wipe(&line);
}

/* --- create --- */

int
file_read(const char *path, struct buf *out, struct why *why)
{
	char part[4096];
	ssize_t n = 0;
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO
	    : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd == -1)
		return why_set(why, ERROR_USAGE, "open %s: %s", path,
		    strerror(errno));
	out->max = CONTROL_LINE_MAX;
	while (!out->overflow && (n = read(fd, part, sizeof(part))) > 0)
		buf_add(out, part, (size_t)n);
	explicit_bzero(part, sizeof(part));
	if (n == -1)
		(void)why_set(why, ERROR_USAGE, "read %s: %s", path,
		    strerror(errno));
	if (fd != STDIN_FILENO)
		close(fd);
	if (out->overflow)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "%s: longer than %d bytes", path, CONTROL_LINE_MAX);
	return n == -1 ? -1 : 0;
}

/* One destination or an array of them, as the verb's argument. */
static int
input_put(const struct buf *text, struct buf *arguments, struct why *why)
{
	struct json *input = json_parse(text->data == NULL ? "" : text->data,
	    text->len, why);

	if (input == NULL)
		return -1;
	if (json_is(input, JSON_ARRAY)) {
		json_put_raw(arguments, "destinations", text->data, text->len);
	} else {
		json_open(arguments, "destinations", '[');
		json_put_raw(arguments, NULL, text->data, text->len);
		json_close(arguments, ']');
	}
	json_free(&input);
	return 0;
}

void
lines_join(struct buf *text)
{
	size_t i;

	for (i = 0; i < text->len; i++)
		if (text->data[i] == '\n' || text->data[i] == '\r')
			text->data[i] = ' ';
}

static int
dest_create(struct cli *cli, void *state)
{
	struct buf text = { .max = 0 }, arguments = { .max = 0 };
	struct json *made = NULL;
	const struct json *each;
	struct why why;

	(void)state;
	if (file_read(cli->words[0], &text, &why) == 0 &&
	    input_put(&text, &arguments, &why) == 0) {
		lines_join(&arguments);
		made = cli_ask(cli, "destination.create", &arguments, -1,
		    &why);
	}
	buf_wipe(&text);
	buf_wipe(&arguments);
	if (made == NULL)
		return cli_fail(cli, &why);
	for (each = json_first(json_get(made, "destinations")); each != NULL;
	    each = json_next(each)) {
		templates_warn(each);
		certificates_warn(each);
		retention_warn(each);
		if (cli->json)
			line_print(each);
		else
			(void)printf("%s\n", json_string(json_get(each, "id"),
			    "?"));
	}
	json_free(&made);
	return 0;
}

static int
dest_update(struct cli *cli, void *state)
{
	struct buf text = { .max = 0 }, arguments = { .max = 0 };
	struct json *input = NULL, *made = NULL;
	struct why why;

	(void)state;
	if (file_read(cli->words[1], &text, &why) == 0)
		input = json_parse(text.data == NULL ? "" : text.data,
		    text.len, &why);
	if (input != NULL) {
		json_put_string(&arguments, "destinationId", cli->words[0]);
		json_put_raw(&arguments, "destination", text.data, text.len);
		lines_join(&arguments);
		made = cli_ask(cli, "destination.update", &arguments, -1,
		    &why);
	}
	json_free(&input);
	buf_wipe(&text);
	buf_wipe(&arguments);
	if (made == NULL)
		return cli_fail(cli, &why);
	templates_warn(made);
	certificates_warn(made);
	retention_warn(made);
	if (cli->json)
		line_print(made);
	else
		(void)printf("%s: version %lld\n", cli->words[0],
		    (long long)json_integer(json_get(made, "version"), 0));
	json_free(&made);
	return 0;
}

/* --- looking --- */

static int
dest_show(struct cli *cli, void *state)
{
	struct buf arguments = { .max = 0 };
	struct json *document;
	struct why why;
	size_t i;

	(void)state;
	for (i = 0; i < cli->word_count; i++) {
		buf_clear(&arguments);
		json_put_string(&arguments, "destinationId", cli->words[i]);
		document = cli_ask(cli, "destination.get", &arguments, -1,
		    &why);
		if (document == NULL)
			break;
		if (cli->json)
			line_print(document);
		else
			show_json(stdout, document);
		json_free(&document);
	}
	buf_free(&arguments);
	return i < cli->word_count ? cli_fail(cli, &why) : 0;
}

static void
list_row(struct show_table *table, const struct json *document)
{
	bool disabled = json_boolean(json_get(document, "disabled"), false);

	show_cell(table, SHOW_PLAIN, json_string(json_get(document, "id"),
	    "?"));
	show_cell(table, SHOW_PLAIN, json_string(json_get(document, "type"),
	    "?"));
	show_cell(table, disabled ? SHOW_YELLOW : SHOW_PLAIN,
	    disabled ? "disabled" : "enabled");
	show_cell(table, SHOW_PLAIN,
	    json_boolean(json_get(document, "isDefault"), false) ? "yes"
	    : "no");
	show_cell(table, SHOW_PLAIN, json_string(json_get(document, "label"),
	    ""));
}

static void
list_arguments(const struct dest *dest, int64_t offset, struct buf *out)
{
	json_put_string(out, "type", dest->type);
	if (dest->only_default)
		json_put_boolean(out, "isDefault", true);
	if (dest->only_disabled)
		json_put_boolean(out, "disabled", true);
	json_put_integer(out, "limit", LIST_PAGE);
	json_put_integer(out, "offset", offset);
}

/* One page.  Returns how many there were, or -1 with *why. */
static int
list_page(struct cli *cli, const struct dest *dest, int64_t offset,
    struct json **page_r, struct why *why)
{
	struct buf arguments = { .max = 0 };

	list_arguments(dest, offset, &arguments);
	*page_r = cli_ask(cli, "destination.list", &arguments, -1, why);
	buf_free(&arguments);
	return *page_r == NULL ? -1 : (int)json_count(json_get(*page_r,
	    "deliveryDestinations"));
}

int
dest_each(struct cli *cli, const struct dest *dest, dest_one *each, void *arg,
    struct why *why)
{
	const struct json *document;
	int64_t offset = 0;
	struct json *page;
	int count, result = 0;

	do {
		count = list_page(cli, dest, offset, &page, why);
		offset += count;
		document = json_first(json_get(page, "deliveryDestinations"));
		for (; document != NULL && result == 0;
		    document = json_next(document))
			result = each(arg, cli, document, why);
		json_free(&page);
	} while (count == LIST_PAGE && result == 0);
	return count == -1 ? -1 : result;
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
	struct show_table *table = cli->json ? NULL
	    : show_table_new(stdout, list_columns);
	struct why why;
	int result;

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
	list = cli_ask(cli, "default.list", NULL, -1, &why);
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

/* What changes a destination, and what it is then said to be. */
struct changing {
	const char	*verb;
	const char	*done;
};

static int
changing_do(struct cli *cli, const struct changing *changing,
    const struct dest *dest)
{
	struct buf arguments = { .max = 0 };
	struct json *result;
	struct why why;
	size_t i;

	for (i = 0; i < cli->word_count; i++) {
		buf_clear(&arguments);
		json_put_string(&arguments, "destinationId", cli->words[i]);
		json_put_string(&arguments, "reason", dest->reason);
		if (dest->cancel_tickets)
			json_put_boolean(&arguments, "cancelTickets", true);
		result = cli_ask(cli, changing->verb, &arguments, -1, &why);
		if (result == NULL)
			break;
		if (cli->json)
			line_print(result);
		else
			(void)printf("%s: %s\n", cli->words[i],
			    changing->done);
		json_free(&result);
	}
	buf_free(&arguments);
	return i < cli->word_count ? cli_fail(cli, &why) : 0;
}

static int
dest_delete(struct cli *cli, void *state)
{
	static const struct changing changing = { "destination.delete",
		"deleted" };

	return changing_do(cli, &changing, state);
}

static int
dest_enable(struct cli *cli, void *state)
{
	static const struct changing changing = { "destination.enable",
		"enabled" };

	return changing_do(cli, &changing, state);
}

static int
dest_disable(struct cli *cli, void *state)
{
	static const struct changing changing = { "destination.disable",
		"disabled" };

	return changing_do(cli, &changing, state);
}

static int
default_add(struct cli *cli, void *state)
{
	static const struct changing changing = { "default.add",
		"a default destination" };

	return changing_do(cli, &changing, state);
}

static int
default_remove(struct cli *cli, void *state)
{
	static const struct changing changing = { "default.remove",
		"no default destination" };

	return changing_do(cli, &changing, state);
}

static const struct cli_verb verbs[] = {
	{ "create", "FILE|-",
	    "Create a destination, or an array of them: all or none.", NULL,
	    1, 1, dest_create },
	{ "update", "ID FILE|-", "Change the fields that the file has.", NULL,
	    2, 2, dest_update },
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
	{ "test", "ID", "Connect to it, and say how far that comes.",
	    test_options, 1, 1, dest_test },
	{ "health", "[ID]", "What attempts have shown since the start.",
	    NULL, 0, 1, dest_health },
	{ "secret list", "ID...", "List the secrets that sign.", NULL, 1,
	    SIZE_MAX, secret_list },
	{ "secret rotate", "ID", "Make a new one, and print it.",
	    rotate_options, 1, 1, secret_rotate },
	{ "secret add", "ID FILE|-", "Bring a new one.", drill_options, 2, 2,
	    secret_add },
	{ "secret revoke", "ID SECRET", "End one at once.", NULL, 2, 2,
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
