/*
 * cli_open - the configuration, spool and spoold that a command works with
 *
 * Each is opened when it is first needed and closed by cli_run().
 */
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/control.h"
#include "lib/instance.h"
#include "lib/xalloc.h"

const struct conf *
cli_conf(struct cli *cli, struct why *why)
{
	if (cli->conf != NULL)
		return cli->conf;
	cli->conf = instance_conf(cli->file, why);
	if (cli->conf != NULL)
		cli_note(cli, "configuration: %s", cli->conf->file);
	return cli->conf;
}

const struct conf_organization *
cli_organization(struct cli *cli, struct why *why)
{
	const struct conf *conf = cli_conf(cli, why);
	const struct conf_organization *found;

	if (conf == NULL)
		return NULL;
	if (cli->organization != NULL) {
		found = conf_organization(conf, cli->organization);
		if (found == NULL)
			(void)why_set(why, ERROR_ORGANIZATION_NOT_FOUND,
			    "organization \"%s\" does not exist; %s has those "
			    "there are", cli->organization, conf->file);
		return found;
	}
	if (conf->organization_count == 1)
		return &conf->organizations[0];
	(void)why_set(why, ERROR_USAGE,
	    "%s has %zu organizations; name one with -o ORG", conf->file,
	    conf->organization_count);
	return NULL;
}

typedef struct spool *spool_opener(const char *, const char *, struct why *);

static struct spool *
spool_by(struct cli *cli, spool_opener *opener, struct why *why)
{
	const struct conf_organization *org;

	if (cli->spool != NULL)
		return cli->spool;
	org = cli_organization(cli, why);
	if (org != NULL)
		cli->spool = opener(cli->conf->top_spool_directory, org->id,
		    why);
	return cli->spool;
}

struct spool *
cli_spool(struct cli *cli, struct why *why)
{
	return spool_by(cli, spool_open, why);
}

struct spool *
cli_drops(struct cli *cli, struct why *why)
{
	return spool_by(cli, spool_open_drops, why);
}

int
cli_lock(struct cli *cli, const char *because, struct why *why)
{
	const struct conf *conf = cli_conf(cli, why);
	char *journal;
	int lock;

	/* What is written under it belongs to spoold. */
	if (conf == NULL || instance_become(conf, why) == -1)
		return -1;
	journal = xasprintf("%s/journal", conf->top_log_directory);
	lock = spool_lock(conf->top_spool_directory, journal, why);
	free(journal);
	if (lock == -1 && why->code == ERROR_UNAVAILABLE)
		(void)why_set(why, ERROR_UNAVAILABLE, "spoold runs, and %s: "
		    "spoolctl stop, then call it again", because);
	return lock;
}

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

/* Why what was asked failed: *why, and -1. */
static int
asked_in_vain(const struct cli *cli, struct why *why)
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
	    0 : asked_in_vain(cli, why);
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
		(void)asked_in_vain(cli, why);
	else {
		text = libspool_json(result);
		answer = json_parse(text, strlen(text), why);
	}
	libspool_free(&result);
	return answer;
}
