/*
 * spoolctl org - organizations that come and go
 *
 * What an organization consists of is made before its section is in the
 * configuration, and removed after that is gone from there: so spoold, which
 * is told in between, never has one that is not whole.  A running spoold has
 * the last word on whether one is empty, since it alone knows what moves.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf_edit.h"
#include "lib/conf_parse.h"
#include "lib/format.h"
#include "lib/instance.h"
#include "lib/ticket.h"

#include "spoold/commands/conf_file.h"
#include "spoold/commands/organization_make.h"
#include "spoold/commands/spoolctl.h"

#define TRIES 50		/* of what cannot be in this moment, */
#define AGAIN 200		/* with that many ms between */

/* A change of the configuration under way. */
struct edit {
	char		 path[PATH_MAX];
	struct stat	 old;
	int		 lock;
	struct buf	 before, text;
};

static int
edit_begin(const struct cli *cli, struct edit *edit, struct why *why)
{
	if (conf_file_find(cli, edit->path, why) == -1)
		return -1;
	edit->lock = conf_file_lock(edit->path, &edit->old, why);
	if (edit->lock == -1 ||
	    conf_text_read(edit->path, &edit->before, why) == -1)
		return -1;
	buf_add(&edit->text, edit->before.data, edit->before.len);
	return 0;
}

static void
edit_end(struct edit *edit)
{
	if (edit->lock != -1)
		close(edit->lock);
	buf_free(&edit->before);
	buf_free(&edit->text);
}

static int
edit_write(const struct edit *edit, const struct buf *text, struct why *why)
{
	return conf_file_write(edit->path, text, &edit->old, why);
}

/*
 * Only who may change the configuration, and give files away; and nothing that
 * an upgrade is still to change, or to put back.
 */
static int
may_change(const struct conf *conf, struct why *why)
{
	if (!instance_is_shared(conf) || geteuid() == 0)
		return format_check(conf, why);
	return why_set(why, ERROR_PERMISSION_DENIED, "%s is of the system's "
	    "instance: its organizations are root's to add and remove",
	    conf->file);
}

static int
id_check(const char *id, struct why *why)
{
	return destination_id_valid(id) ? 0 : why_set(why, ERROR_USAGE,
	    "organization \"%s\": allowed are a-z, 0-9 and -, beginning with "
	    "a letter or digit, at most 63", id);
}

/* 1 if spoold has read it, 0 if it is down, -1 with *why: it refuses. */
static int
reload(struct cli *cli, struct why *why)
{
	struct json *result;
	bool done;

	if (cli_connect(cli, CLI_SERVER, why) == -1)
		return why->code == ERROR_UNAVAILABLE ? 0 : -1;
	result = cli_answer(cli, libspool_config_reload(
	    cli_spoold(cli, CLI_SERVER), &cli->error), why);
	done = result != NULL;
	json_free(&result);
	return done ? 1 : -1;
}

/* --- add ------------------------------------------------------------------ */

/* The configuration with that organization, or NULL with *why. */
static struct conf *
add_section(struct edit *edit, const char *id,
    const struct role_groups *groups, struct why *why)
{
	struct conf *conf = conf_read_text(edit->path, &edit->text, why);
	bool shared, there;

	if (conf == NULL)
		return NULL;
	shared = instance_is_shared(conf);
	there = conf_organization(conf, id) != NULL;
	conf_free(&conf);
	if (there) {
		(void)why_set(why, ERROR_CONFLICT,
		    "%s has an organization %s", edit->path, id);
		return NULL;
	}
	if (organization_add_section(&edit->text, id, shared, groups,
	    why) == -1)
		return NULL;
	return conf_read_text(edit->path, &edit->text, why);
}

static int
add(struct cli *cli, const struct role_groups *groups, const char *id,
    struct edit *edit, struct why *why)
{
	const struct conf *now = cli_conf(cli, why);
	struct conf *conf;
	int result;

	if (now == NULL || may_change(now, why) == -1 ||
	    id_check(id, why) == -1 || edit_begin(cli, edit, why) == -1 ||
	    (conf = add_section(edit, id, groups, why)) == NULL)
		return -1;
	result = organization_make(conf, id, why);
	if (result == 0)
		result = edit_write(edit, &edit->text, why);
	if (result == 0 && reload(cli, why) == -1) {
		struct why ignored;

		/* What spoold refuses is not to keep it from starting. */
		(void)edit_write(edit, &edit->before, &ignored);
		(void)organization_unmake(conf, id, &ignored);
		result = -1;
	}
	conf_free(&conf);
	return result;
}

int
spoolctl_org_add(struct cli *cli, void *arg)
{
	const struct spoolctl *state = arg;
	struct edit edit = { .lock = -1 };
	struct why why;
	int result = add(cli, &state->groups, cli->words[0], &edit, &why);

	edit_end(&edit);
	if (result == -1)
		return cli_fail(cli, &why);
	cli_note(cli, "organization %s was added to %s", cli->words[0],
	    cli->conf->file);
	return 0;
}

/* --- remove --------------------------------------------------------------- */

/* With spoold down this is who looks whether anything is in it. */
static int
is_empty(const struct conf *conf, const char *id, struct why *why)
{
	struct spool *spool = spool_open(conf->top_spool_directory, id, why);
	struct spool_list *list;
	const char *day;
	int result = spool == NULL ? -1 : 0;

	for (int i = 0; i < QUEUES && result == 0; i++) {
		list = spool_list(spool, (enum queue)i, why);
		if (list == NULL)
			result = -1;
		else if (spool_list_next(list, &day) != NULL)
			result = why_set(why, ERROR_CONFLICT, "organization "
			    "%s is not empty: there is something in %s/", id,
			    queue_name((enum queue)i));
		spool_list_free(&list);
	}
	spool_close(&spool);
	return result;
}

static int
unread(struct cli *cli, const struct edit *edit, struct why *why)
{
	struct why ignored;
	int result = -1;

	for (int i = 0; i < TRIES && result == -1; i++) {
		if (i > 0)
			(void)poll(NULL, 0, AGAIN);
		result = reload(cli, why);
		if (result == -1 && why->code != ERROR_UNAVAILABLE)
			break;
	}
	if (result == -1)
		(void)edit_write(edit, &edit->before, &ignored);
	return result;
}

static int
unmake(struct cli *cli, const char *id, struct edit *edit, struct why *why)
{
	const struct conf *conf = cli_conf(cli, why);
	int result;

	if (conf == NULL || may_change(conf, why) == -1)
		return -1;
	if (conf_organization(conf, id) == NULL)
		return why_set(why, ERROR_ORGANIZATION_NOT_FOUND,
		    "organization \"%s\" does not exist; %s has those there "
		    "are", id, conf->file);
	if (is_empty(conf, id, why) == -1 ||
	    edit_begin(cli, edit, why) == -1)
		return -1;
	result = conf_section_remove(&edit->text, SCOPE_organization, id,
	    why);
	if (result == 0)
		return why_set(why, ERROR_CONFIG_ERROR, "%s: the organization "
		    "%s is written in a way that cannot be changed here: edit "
		    "it by hand", edit->path, id);
	if (result == -1 || edit_write(edit, &edit->text, why) == -1 ||
	    unread(cli, edit, why) == -1)
		return -1;
	result = organization_unmake(conf, id, why);
	if (result == 0)
		why->code = ERROR_CONFLICT;
	return result == 1 ? 0 : -1;
}

int
spoolctl_org_remove(struct cli *cli, void *arg)
{
	struct edit edit = { .lock = -1 };
	struct why why;
	int result = unmake(cli, cli->words[0], &edit, &why);

	(void)arg;
	edit_end(&edit);
	if (result == -1)
		return cli_fail(cli, &why);
	cli_note(cli, "organization %s was removed from %s", cli->words[0],
	    cli->conf->file);
	return 0;
}

/* --- list ----------------------------------------------------------------- */

static void
put_group(struct buf *line, const char *role, const char *group)
{
	if (group[0] == '\0')
		json_put_null(line, role);
	else
		json_put_string(line, role, group);
}

static void
print_organization(const struct cli *cli, const struct conf_organization *org)
{
	struct buf line = { .max = 0 };

	if (!cli->json) {
		(void)printf("%s\n", org->id);
		return;
	}
	json_open(&line, NULL, '{');
	json_put_string(&line, "organizationId", org->id);
	put_group(&line, "submitters", org->submitters);
	put_group(&line, "viewers", org->viewers);
	put_group(&line, "operators", org->operators);
	put_group(&line, "administrators", org->administrators);
	put_group(&line, "auditors", org->auditors);
	json_close(&line, '}');
	(void)printf("%s\n", line.data);
	buf_free(&line);
}

int
spoolctl_org_list(struct cli *cli, void *arg)
{
	const struct conf *conf;
	struct why why;

	(void)arg;
	conf = cli_conf(cli, &why);
	if (conf == NULL)
		return cli_fail(cli, &why);
	for (size_t i = 0; i < conf->organization_count; i++)
		print_organization(cli, &conf->organizations[i]);
	return 0;
}
