/*
 * spoolctl init - makes a private instance
 *
 * Everything stands below one directory and belongs to whoever calls.  The
 * configuration is written last, so that an instance that has one is whole.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf_write.h"
#include "lib/format.h"
#include "lib/ticket.h"
#include "lib/vault.h"
#include "lib/write.h"
#include "lib/xalloc.h"
#include "spool-layout/layout.h"

#include "spoold/commands/spoolctl.h"

#define ORGANIZATION_DEFAULT "main"

/* The place of each part below the root, by the setting that names it. */
static const struct {
	const char	*setting;
	const char	*place;
} places[] = {
	{ "spool_directory", "spool" },
	{ "state_directory", "state" },
	{ "log_directory", "log" },
	{ "run_directory", "run" },
	{ "key_directory", "etc/keys" },
};

/* `"ROOT/PLACE"` as libconfuse reads it. */
static void
put_quoted(struct buf *out, const char *root, const char *place)
{
	char *path = xasprintf("%s/%s", root, place);

	conf_quote(path, strlen(path), out);
	buf_char(out, '\n');
	free(path);
}

static void
put_configuration(struct buf *out, const char *root, const char *org)
{
	buf_str(out, "# spoold.conf - a private instance; spoold.conf(5) has "
	    "every setting.\n"
	    "# After a change: spoolctl reload\n\n");
	buf_printf(out, "format = %d\n", format_known());
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		buf_printf(out, "%s = ", places[i].setting);
		put_quoted(out, root, places[i].place);
	}
	buf_str(out, "\n# Workers run even where the kernel cannot shut them "
	    "in.\nsandbox = \"besteffort\"\n\nlog {\n\ttarget = ");
	put_quoted(out, root, "log/spoold.log");
	buf_printf(out, "}\n\norganization %s {\n"
	    "\t# Addresses that its deliveries may go to.\n"
	    "\tegress_allow = {\"loopback\", \"private\", \"public\"}\n"
	    "}\n", org);
}

/* Makes a directory, and those above it; what is there stays as it is. */
static int
make_directory(const char *path, struct why *why)
{
	char *parent, *slash;
	int result = 0;

	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return why_errno(why, "create directory %s", path);
	parent = xstrdup(path);
	slash = strrchr(parent, '/');
	if (slash == NULL || slash == parent) {
		free(parent);
		return why_errno(why, "create directory %s", path);
	}
	*slash = '\0';
	result = make_directory(parent, why);
	free(parent);
	if (result == 0 && mkdir(path, 0700) == -1 && errno != EEXIST)
		result = why_errno(why, "create directory %s", path);
	return result;
}

/* Each of these below the root. */
static int
make_directories(const char *root, const char *org, struct why *why)
{
	const char *const names[] = { "", "/etc", "/etc/keys", "/spool",
	    "/state", "/log", "/log/journal", "/run", "/archive" };
	char *path;
	int result = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && result == 0;
	    i++) {
		path = xasprintf("%s%s", root, names[i]);
		result = make_directory(path, why);
		free(path);
	}
	for (int i = 0; i < 2 && result == 0; i++) {
		path = xasprintf("%s/state/%s%s", root, org,
		    i == 0 ? "" : "/destinations");
		result = make_directory(path, why);
		free(path);
	}
	return result;
}

static int
make_spool(const char *root, const char *org, struct why *why)
{
	const struct layout_owners private = { .shared = false };
	char *path = xasprintf("%s/spool", root);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (fd == -1)
		result = why_errno(why, "open %s", path);
	else
		result = layout_create(fd, org, &private, why);
	if (fd != -1)
		close(fd);
	free(path);
	return result;
}

static int
make_key(const char *root, struct why *why)
{
	char *path = xasprintf("%s/etc/keys", root);
	int result = vault_create(path, why);

	free(path);
	/* One that is there is what credentials are sealed with. */
	return result == -1 && why->code == ERROR_CONFLICT ? 0 : result;
}

static int
exists_already(const char *file, struct why *why)
{
	return why_set(why, ERROR_CONFLICT, "%s exists: there is an instance "
	    "already", file);
}

/* Whole or not at all, and never over one that is there. */
static int
make_configuration(const char *file, const char *root, const char *org,
    struct why *why)
{
	char *beside = xasprintf("%s.new", file);
	struct buf text = { .max = 0 };
	int fd, result = 0;

	put_configuration(&text, root, org);
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1 || write_all(fd, text.data, text.len) == -1 ||
	    fsync(fd) == -1)
		result = why_errno(why, "write %s", beside);
	if (fd != -1)
		close(fd);
	if (result == 0 && renameat2(AT_FDCWD, beside, AT_FDCWD, file,
	    RENAME_NOREPLACE) == -1)
		result = errno == EEXIST ? exists_already(file, why) :
		    why_errno(why, "create %s", file);
	buf_free(&text);
	free(beside);
	return result;
}

/* The root as an absolute path, made if it is not there. */
static int
find_root(const char *given, char root[PATH_MAX], struct why *why)
{
	if (make_directory(given, why) == -1) {
		/* No bug of ours: such a place cannot be. */
		if (why->code == ERROR_INTERNAL_ERROR)
			why->code = ERROR_USAGE;
		return -1;
	}
	if (realpath(given, root) == NULL)
		return why_errno(why, "look at %s", given);
	for (const char *p = root; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			return why_set(why, ERROR_USAGE, "--root: a path with "
			    "control characters cannot stand in a "
			    "configuration");
	return 0;
}

static int
make_instance(const char *root, const char *file, const char *org,
    struct why *why)
{
	if (access(file, F_OK) == 0)
		return exists_already(file, why);
	if (make_directories(root, org, why) == -1 ||
	    make_spool(root, org, why) == -1 || make_key(root, why) == -1)
		return -1;
	return make_configuration(file, root, org, why);
}

/* A path as a shell reads it back. */
static char *
shell_word(const char *path)
{
	struct buf out = { .max = 0 };

	if (path[strspn(path, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-")] == '\0')
		return xstrdup(path);
	buf_char(&out, '\'');
	for (; *path != '\0'; path++)
		if (*path == '\'')
			buf_str(&out, "'\\''");
		else
			buf_char(&out, *path);
	buf_char(&out, '\'');
	return out.data;
}

static void
say_made(const struct cli *cli, const char *root, const char *file,
    const char *org)
{
	struct buf line = { .max = 0 };
	char *word_root, *word_file;

	if (!cli->json) {
		word_root = shell_word(root);
		word_file = shell_word(file);
		(void)printf("Made a private instance below %s, with the "
		    "organization %s.\nNext, type:\n"
		    "  export SPOOLD_CONFIG=%s\n"
		    "  spoolctl start\n"
		    "  spooldest create FILE     # where to: man "
		    "spoold-destination\n"
		    "  spoolsubmit -d ID -D '{\"hello\": \"world\"}' -w\n"
		    "or, by hand, with a job as in man spoold-job:\n"
		    "  cp JOB %s/spool/%s/tmp/a.json\n"
		    "  mv -n %s/spool/%s/tmp/a.json %s/spool/%s/new/\n",
		    root, org, word_file, word_root, org, word_root, org,
		    word_root, org);
		free(word_root);
		free(word_file);
		return;
	}
	json_open(&line, NULL, '{');
	json_put_string(&line, "root", root);
	json_put_string(&line, "organizationId", org);
	json_put_string(&line, "configuration", file);
	json_close(&line, '}');
	(void)printf("%s\n", line.data);
	buf_free(&line);
}

int
spoolctl_init(struct cli *cli, void *arg)
{
	const struct spoolctl *state = arg;
	const char *org = cli->organization != NULL ? cli->organization :
	    ORGANIZATION_DEFAULT;
	char root[PATH_MAX], *file;
	struct why why;
	int result;

	if (state->root == NULL)
		return spoolctl_init_system(cli, state);
	if (state->root[0] == '\0')
		return cli_usage(cli, "--root: the path is empty");
	if (!destination_id_valid(org))
		return cli_usage(cli, "organization \"%s\": allowed are a-z, "
		    "0-9 and -, beginning with a letter or digit", org);
	umask(077);
	if (find_root(state->root, root, &why) == -1)
		return cli_fail(cli, &why);
	file = xasprintf("%s/etc/spoold.conf", root);
	result = make_instance(root, file, org, &why);
	if (result == 0)
		say_made(cli, root, file, org);
	free(file);
	return result == -1 ? cli_fail(cli, &why) : 0;
}
