/*
 * cli_spoold - asking spoold, by libspool's calls
 *
 * Here is only what a command has of its own: which organization is meant,
 * where the spoold is that could be started, and errors and answers in the form
 * in which commands work on.
 */
#include <string.h>

#include "lib/cli.h"
#include "lib/control.h"

/* What the last question's error says. */
static int
error_read(const struct libspool_error *error, struct why *why)
{
	(void)why_set(why, error_by_name(error->code), "%s", error->message);
	why->number = error->number;
	why->offset = error->offset;
	why->retry_after = error->retry_after;
	(void)strlcpy(why->path, error->path, sizeof(why->path));
	(void)strlcpy(why->id, error->delivery_id, sizeof(why->id));
	(void)strlcpy(why->name, error->name, sizeof(why->name));
	(void)strlcpy(why->nearest, error->nearest, sizeof(why->nearest));
	(void)strlcpy(why->fields, error->fields, sizeof(why->fields));
	return -1;
}

/* 0, or -1 with cli->why. */
static int
spoold_open(struct cli *cli, enum cli_spoold which)
{
	const struct conf *conf = cli_conf(cli, &cli->why);
	const struct conf_organization *org = NULL;

	if (conf == NULL)
		return -1;
	if (which != CLI_SERVER &&
	    (org = cli_organization(cli, &cli->why)) == NULL)
		return -1;
	if (cli->spoold == NULL)
		cli->spoold = libspool_open(conf->file,
		    org == NULL ? NULL : org->id, &cli->error);
	if (cli->spoold == NULL)
		return error_read(&cli->error, &cli->why);
	libspool_set_timeout(cli->spoold, -1);
	return 0;
}

/* The same, where one may be started. */
static int
offline_allow(struct cli *cli, bool allowed)
{
	char program[4096];

	if (allowed && control_program("spoold", program, sizeof(program),
	    &cli->why) == -1)
		return -1;
	libspool_set_offline(cli->spoold, allowed ? program : NULL);
	return 0;
}

struct libspool *
cli_spoold(struct cli *cli, enum cli_spoold which)
{
	if (spoold_open(cli, which) == -1 ||
	    offline_allow(cli, which == CLI_ANYHOW) == -1)
		libspool_close(&cli->spoold);
	return cli->spoold;
}

int
cli_error(const struct cli *cli, struct why *why)
{
	if (cli->spoold != NULL)
		return error_read(&cli->error, why);
	*why = cli->why;
	return -1;
}

int
cli_connect(struct cli *cli, enum cli_spoold which, struct why *why)
{
	return libspool_connect(cli_spoold(cli, which), &cli->error) == 0 ?
	    0 : cli_error(cli, why);
}

struct json *
cli_answer(struct cli *cli, struct libspool_result *result, struct why *why)
{
	struct json *answer = NULL;
	const char *text;

	if (libspool_is_offline(cli->spoold) && !cli->told) {
		cli_note(cli, "spoold is down: it was started for this");
		cli->told = true;
	}
	if (result == NULL)
		(void)cli_error(cli, why);
	else {
		text = libspool_json(result);
		answer = json_parse(text, strlen(text), why);
	}
	libspool_free(&result);
	return answer;
}
