/*
 * spooldest_import - destinations from another instance, or another service
 *
 * Each goes by itself: one that is wrong is said, and keeps no other from being
 * imported.  What is read is wiped, for it may be in clear.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "lib/destination_portable.h"
#include "lib/passphrase.h"
#include "lib/show.h"

#include "spoold/commands/spooldest.h"

#define FILE_MAX (64 * 1024 * 1024)	/* bytes: a thousand large ones */

/* A file at work. */
struct importing {
	struct cli	*cli;
	const struct dest *dest;
	struct vault	*vault;		/* own; or NULL: nothing is sealed */
	int		 status;	/* the first that was not 0 */
};

/* --- the file ------------------------------------------------------------- */

/* The array in it, of whichever kind it is; or the one that it is itself. */
static const struct json *
destinations_in(const struct json *file)
{
	static const char *const names[] = { "destinations",
	    "deliveryDestinations" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (json_is(json_get(file, names[i]), JSON_ARRAY))
			return json_get(file, names[i]);
	return file;
}

static int
check_format(const struct json *file, struct why *why)
{
	const char *format = json_string(json_get(file, "format"),
	    PORTABLE_FORMAT);

	return strcmp(format, PORTABLE_FORMAT) == 0 ? 0 :
	    why_field(why, "format", "format is %s, which this version does "
	    "not know", format);
}

static int
vault_make(struct importing *importing, const struct json *file,
    struct why *why)
{
	unsigned char key[VAULT_KEY_BYTES];
	struct buf passphrase = { .max = 0 };
	int result;

	if (json_get(file, "seal") == NULL || importing->dest->no_credentials)
		return 0;
	result = passphrase_read(importing->dest, false, &passphrase, why);
	if (result == 0)
		result = passphrase_key(json_get(file, "seal"), &passphrase,
		    key, why);
	if (result == 0)
		importing->vault = vault_of_key(key, why);
	OPENSSL_cleanse(key, sizeof(key));
	buf_wipe(&passphrase);
	return result == 0 && importing->vault != NULL ? 0 : -1;
}

/* --- one of them ---------------------------------------------------------- */

static void
note_lines(const char *id, const struct buf *notes)
{
	const char *line = notes->data;

	for (; line != NULL && *line != '\0'; line += strcspn(line, "\n") +
	    1) {
		struct buf one = { .max = 0 };

		buf_printf(&one, "%s: %.*s", id, (int)strcspn(line, "\n"),
		    line);
		(void)fputs("spooldest: note: ", stderr);
		show_text(stderr, one.data);
		(void)fputc('\n', stderr);
		buf_free(&one);
	}
}

/* "label, config.webhook.url" */
static void
changes_show(const struct json *changes)
{
	const struct json *each = json_first(changes);
	const char *before = ": ";

	for (; each != NULL; each = json_next(each), before = ", ") {
		(void)fputs(before, stdout);
		show_text(stdout, json_string(each, "?"));
	}
}

static void
result_show(const struct importing *importing, const struct json *result)
{
	static const struct {
		const char	*action, *done, *would;
	} words[] = {
		{ "create", "created", "would be created" },
		{ "update", "updated", "would be updated" },
		{ "none", "unchanged", "unchanged" },
	};
	const char *action = json_string(json_get(result, "action"), "");
	const char *reason = json_string(json_get(result, "disabledReason"),
	    NULL);
	size_t i = 0;

	while (i + 1 < sizeof(words) / sizeof(*words) &&
	    strcmp(words[i].action, action) != 0)
		i++;
	(void)printf("%s: %s", json_string(json_get(result, "destinationId"),
	    "?"), importing->dest->dry_run ? words[i].would : words[i].done);
	changes_show(json_get(result, "changes"));
	if (json_boolean(json_get(result, "disabled"), false)) {
		(void)fputs("; disabled", stdout);
		if (reason != NULL) {
			(void)fputs(": ", stdout);
			show_text(stdout, reason);
		}
	}
	(void)fputc('\n', stdout);
}

static int
import_ask(struct importing *importing, const struct translation *translated,
    struct why *why)
{
	struct cli *cli = importing->cli;
	struct buf text = { .max = 0 };
	struct json *result;

	json_print(&text, translated->document);
	result = cli_answer(cli, libspool_destination_import(
	    cli_spoold(cli, CLI_ANYHOW), text.data, importing->dest->dry_run,
	    translated->reason, &cli->error), why);
	buf_wipe(&text);
	if (result == NULL)
		return -1;
	warnings_show(result);
	if (cli->json)
		line_print(result);
	else
		result_show(importing, result);
	json_free(&result);
	return 0;
}

/* What is sealed in it, opened or left out; a copy, to be wiped. */
static struct json *
unsealed(struct importing *importing, const struct json *given,
    struct why *why)
{
	struct json *copy = json_copy(given);

	if (importing->vault == NULL)
		(void)destination_leave_out(copy);
	else if (destination_unseal(copy, importing->vault, why) == -1)
		destination_view_free(&copy);
	return copy;
}

static void
import_one(struct importing *importing, const struct json *given, size_t n)
{
	const char *id = json_string(json_get(given, "id"), NULL);
	struct translation translated = { .document = NULL };
	struct json *clear;
	char number[32];
	struct why why;
	int result = -1;

	(void)snprintf(number, sizeof(number), "destinations[%zu]", n);
	clear = unsealed(importing, given, &why);
	if (clear != NULL)
		result = translate(clear, &translated, &why);
	if (result == 0) {
		id = json_string(json_get(translated.document, "id"), id);
		note_lines(id != NULL ? id : number, &translated.notes);
		result = import_ask(importing, &translated, &why);
	}
	if (result == -1) {
		int status = cli_fail_about(importing->cli, id != NULL ? id :
		    number, &why);

		if (importing->status == 0)
			importing->status = status;
	}
	destination_view_free(&clear);
	translation_free(&translated);
}

static int
import_file(struct importing *importing, const struct json *file,
    struct why *why)
{
	const struct json *all = destinations_in(file), *each;
	size_t n = 0;

	if (check_format(file, why) == -1 ||
	    vault_make(importing, file, why) == -1)
		return -1;
	if (!json_is(all, JSON_ARRAY))
		import_one(importing, all, 0);
	else
		for (each = json_first(all); each != NULL;
		    each = json_next(each))
			import_one(importing, each, n++);
	return 0;
}

int
dest_import(struct cli *cli, void *state)
{
	struct importing importing = { .cli = cli, .dest = state };
	struct buf text = { .max = FILE_MAX };
	struct json *file = NULL;
	struct why why;
	int result = -1;

	if (file_read_all(cli->words[0], &text, &why) == 0)
		file = json_parse(text.data == NULL ? "" : text.data,
		    text.len, &why);
	buf_wipe(&text);
	if (file != NULL)
		result = import_file(&importing, file, &why);
	destination_view_free(&file);
	vault_close(&importing.vault);
	return result == -1 ? cli_fail(cli, &why) : importing.status;
}
