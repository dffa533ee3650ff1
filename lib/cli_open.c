/*
 * cli_open - the configuration and the spool that a command works with
 *
 * Each is opened when it is first needed and closed by cli_run().
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/format.h"
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
	/* Nor is anything written in a format that it does not have. */
	if (lock != -1 && format_check(conf, why) == -1) {
		close(lock);
		lock = -1;
	}
	return lock;
}
