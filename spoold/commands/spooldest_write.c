/*
 * spooldest_write - create, update, duplicate
 *
 * What is read from a file may hold secrets, so it is wiped; what is printed
 * never does, but for a secret that spoold has just made, with -j, once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/control.h"
#include "lib/show.h"

#include "spoold/commands/spooldest.h"

/* --- files --- */

int
file_read_all(const char *path, struct buf *out, struct why *why)
{
	char part[4096];
	ssize_t n = 0;
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO
	    : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd == -1)
		return why_set(why, ERROR_USAGE, "open %s: %s", path,
		    strerror(errno));
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
		    "%s: longer than %zu bytes", path, out->max);
	return n == -1 ? -1 : 0;
}

int
file_read(const char *path, struct buf *out, struct why *why)
{
	out->max = CONTROL_LINE_MAX;
	return file_read_all(path, out, why);
}

/* The same for a text of JSON; one with a NUL in it is none. */
static int
text_read(const char *path, struct buf *out, struct why *why)
{
	struct json *document;

	if (file_read(path, out, why) == -1)
		return -1;
	if (out->len == 0 || strlen(out->data) == out->len)
		return 0;
	document = json_parse(out->data, out->len, why);
	json_free(&document);
	return -1;
}

/* --- what was made --- */

void
warnings_show(const struct json *document)
{
	const struct json *each = json_first(json_get(document, "warnings"));

	for (; each != NULL; each = json_next(each)) {
		struct buf line = { .max = 0 };

		buf_printf(&line, "%s: %s", json_string(json_get(each,
		    "path"), "?"), json_string(json_get(each, "message"),
		    ""));
		(void)fputs("spooldest: warning: ", stderr);
		show_text(stderr, line.data);
		(void)fputc('\n', stderr);
		buf_free(&line);
	}
}

static void
made_show(const struct cli *cli, const struct json *document)
{
	warnings_show(document);
	if (cli->json)
		line_print(document);
	else
		(void)printf("%s\n", json_string(json_get(document, "id"),
		    "?"));
}

int
dest_create(struct cli *cli, void *state)
{
	struct buf text = { .max = 0 };
	struct json *made = NULL;
	const struct json *each;
	struct why why;

	(void)state;
	if (text_read(cli->words[0], &text, &why) == 0)
		made = cli_answer(cli, libspool_destination_create(
		    cli_spoold(cli, CLI_ANYHOW),
		    text.data == NULL ? "" : text.data, &cli->error), &why);
	buf_wipe(&text);
	if (made == NULL)
		return cli_fail(cli, &why);
	for (each = json_first(json_get(made, "destinations")); each != NULL;
	    each = json_next(each))
		made_show(cli, each);
	json_free(&made);
	return 0;
}

int
dest_duplicate(struct cli *cli, void *state)
{
	struct json *made;
	struct why why;

	(void)state;
	made = cli_answer(cli, libspool_destination_duplicate(
	    cli_spoold(cli, CLI_ANYHOW), cli->words[0],
	    cli->word_count > 1 ? cli->words[1] : NULL, &cli->error), &why);
	if (made == NULL)
		return cli_fail(cli, &why);
	made_show(cli, made);
	json_free(&made);
	return 0;
}

int
dest_update(struct cli *cli, void *state)
{
	struct buf text = { .max = 0 };
	struct json *made = NULL;
	struct why why;

	(void)state;
	if (text_read(cli->words[1], &text, &why) == 0)
		made = cli_answer(cli, libspool_destination_update(
		    cli_spoold(cli, CLI_ANYHOW), cli->words[0],
		    text.data == NULL ? "" : text.data, &cli->error), &why);
	buf_wipe(&text);
	if (made == NULL)
		return cli_fail(cli, &why);
	warnings_show(made);
	if (cli->json)
		line_print(made);
	else
		(void)printf("%s: version %lld\n", cli->words[0],
		    (long long)json_integer(json_get(made, "version"), 0));
	json_free(&made);
	return 0;
}
