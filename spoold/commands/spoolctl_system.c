/*
 * spoolctl init - the system's instance: users, groups, directories, key
 *
 * What is there is left as it is, or gets the owner and mode that it is to
 * have; so it can be called again, after something was lost or to finish what
 * was cut off.  The configuration is where all commands look for it, and says
 * where everything else is.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf_edit.h"
#include "lib/conf_parse.h"
#include "lib/instance.h"
#include "lib/ticket.h"
#include "lib/vault.h"
#include "lib/xalloc.h"

#include "spoold/commands/account_make.h"
#include "spoold/commands/conf_file.h"
#include "spoold/commands/organization_make.h"
#include "spoold/commands/spoolctl.h"

#define ORGANIZATION_DEFAULT "main"
#define USER_DEFAULT "spoold"
#define FILE_MODE 0644		/* it has no secret, and commands read it */

/* --- the configuration ---------------------------------------------------- */

/* The file as it stands; the shipped one where there is none. */
static int
text_read(const char *path, struct buf *text, struct why *why)
{
	if (access(path, F_OK) == 0)
		return conf_text_read(path, text, why);
	if (errno != ENOENT)
		return why_errno(why, "look at %s", path);
	conf_print_shipped(text);
	return 0;
}

/* Names the user, and an organization where that is wanted or there is none. */
static int
text_complete(const char *path, struct buf *text, const char *org,
    const struct role_groups *groups, struct why *why)
{
	struct conf *conf = conf_read_text(path, text, why);
	bool shared, lacks;
	int result = 0;

	if (conf == NULL)
		return -1;
	shared = instance_is_shared(conf);
	lacks = org != NULL ? conf_organization(conf, org) == NULL :
	    conf->organization_count == 0;
	if (!shared && conf->organization_count > 0)
		result = why_set(why, ERROR_CONFLICT, "%s is of a private "
		    "instance: it has organizations and names no user", path);
	conf_free(&conf);
	if (result == 0 && !shared)
		result = conf_edit(text, conf_setting(SCOPE_plain, "", "user"),
		    NULL, USER_DEFAULT, why);
	if (result == 0 && lacks)
		result = organization_add_section(text, org != NULL ? org :
		    ORGANIZATION_DEFAULT, true, groups, why);
	return result;
}

/* The directory of the file, with those above it. */
static int
make_parents(const char *path, struct why *why)
{
	char *parent = xstrdup(path), *slash = parent;
	int result = 0;

	while (result == 0 && (slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		if (mkdir(parent, 0755) == -1 && errno != EEXIST)
			result = why_errno(why, "create directory %s",
			    parent);
		*slash = '/';
	}
	free(parent);
	return result;
}

/* Root's, and readable: but what is there keeps its mode. */
static int
text_write(const char *path, const struct buf *text, struct why *why)
{
	struct stat st = { .st_mode = FILE_MODE };

	if (stat(path, &st) == -1 && errno != ENOENT)
		return why_errno(why, "look at %s", path);
	st.st_uid = 0;
	st.st_gid = 0;
	st.st_mode = (st.st_mode & 07777 & ~(mode_t)022) | 0444;
	return conf_file_write(path, text, &st, why);
}

/* --- what it names -------------------------------------------------------- */

static int
make_users(const struct conf *conf, struct why *why)
{
	char name[INSTANCE_USER_MAX], comment[64];
	const char *kind;

	if (account_make_user(conf->top_user, "spoold", why) == -1)
		return -1;
	for (size_t i = 0; (kind = conf_transport_name(i)) != NULL; i++) {
		instance_kind_user(conf, kind, name);
		(void)snprintf(comment, sizeof(comment), "spoold, %s", kind);
		if (account_make_user(name, comment, why) == -1)
			return -1;
	}
	return 0;
}

/* By spoold's user, whose it is to be; one that is there stays. */
static int
make_key(const struct conf *conf, const struct account *account,
    struct why *why)
{
	int result;

	if (setegid(account->gid) == -1 || seteuid(account->uid) == -1)
		return why_errno(why, "become %s", conf->top_user);
	result = vault_create(conf->top_key_directory, why);
	if (result == -1 && why->code == ERROR_CONFLICT)
		result = 0;
	if (seteuid(0) == -1 || setegid(0) == -1)
		return why_errno(why, "become root again");
	return result;
}

static int
make_all(const struct conf *conf, struct why *why)
{
	struct account account;

	if (make_users(conf, why) == -1 ||
	    instance_user(conf, &account, why) == -1)
		return -1;
	for (int i = 0; i < PLACES; i++)
		if (place_make(conf, (enum place)i, &account, why) == -1)
			return -1;
	for (size_t i = 0; i < conf->organization_count; i++)
		if (organization_make(conf, conf->organizations[i].id,
		    why) == -1)
			return -1;
	return make_key(conf, &account, why);
}

/* --- the command ---------------------------------------------------------- */

static void
say_made(const struct cli *cli, const struct conf *conf)
{
	struct buf line = { .max = 0 };
	const struct conf_organization *org = &conf->organizations[0];

	if (!cli->json) {
		(void)printf("The system's instance is whole: %s, run as %s, "
		    "with %zu organization%s.\nNext, type:\n"
		    "  spoolctl start            # as root\n"
		    "  usermod -aG %s USER   # who may drop jobs for %s\n"
		    "  spooldest -o %s create FILE   # where to: man "
		    "spoold-destination\n"
		    "and keep a copy of %s/master.key elsewhere.\n",
		    conf->file, conf->top_user, conf->organization_count,
		    conf->organization_count == 1 ? "" : "s",
		    org->submitters, org->id, org->id,
		    conf->top_key_directory);
		return;
	}
	json_open(&line, NULL, '{');
	json_put_string(&line, "configuration", conf->file);
	json_put_string(&line, "user", conf->top_user);
	json_open(&line, "organizations", '[');
	for (size_t i = 0; i < conf->organization_count; i++)
		json_put_string(&line, NULL, conf->organizations[i].id);
	json_close(&line, ']');
	json_close(&line, '}');
	(void)printf("%s\n", line.data);
	buf_free(&line);
}

/* An absolute path: it becomes part of what is said. */
static char *
file_path(const struct cli *cli)
{
	const char *file = conf_file_name(cli);
	char *directory, *path, *real = realpath(file, NULL);

	if (real != NULL || file[0] == '/')
		return real != NULL ? real : xstrdup(file);
	directory = getcwd(NULL, 0);
	path = xasprintf("%s/%s", directory != NULL ? directory : "", file);
	free(directory);
	return path;
}

static int
init(struct cli *cli, const struct spoolctl *state, const char *path,
    struct why *why)
{
	struct buf text = { .max = 0 };
	struct conf *conf = NULL;
	int result = -1;

	if (text_read(path, &text, why) == 0 && text_complete(path, &text,
	    cli->organization, &state->groups, why) == 0)
		conf = conf_read_text(path, &text, why);
	if (conf != NULL && make_parents(path, why) == 0 &&
	    make_all(conf, why) == 0 && text_write(path, &text, why) == 0)
		result = instance_check_file(conf, why);
	if (result == 0)
		say_made(cli, conf);
	conf_free(&conf);
	buf_free(&text);
	return result;
}

int
spoolctl_init_system(struct cli *cli, const struct spoolctl *state)
{
	char *path;
	struct why why;
	int result;

	if (geteuid() != 0) {
		(void)why_set(&why, ERROR_PERMISSION_DENIED, "root makes the "
		    "system's instance; with --root DIR anybody makes a "
		    "private one");
		return cli_fail(cli, &why);
	}
	if (cli->organization != NULL &&
	    !destination_id_valid(cli->organization))
		return cli_usage(cli, "organization \"%s\": allowed are a-z, "
		    "0-9 and -, beginning with a letter or digit",
		    cli->organization);
	umask(022);
	path = file_path(cli);
	result = init(cli, state, path, &why);
	free(path);
	return result == -1 ? cli_fail(cli, &why) : 0;
}
