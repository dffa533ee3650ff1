/*
 * spoolctl init - makes a private instance
 *
 * Everything stands below one directory and belongs to whoever calls.  The
 * configuration is written last, so that an instance that has one is whole.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ticket.h"
#include "lib/vault.h"
#include "lib/xalloc.h"
#include "spool-layout/layout.h"

#include "spoold/commands/spoolctl.h"

#define ORGANIZATION_DEFAULT "main"

/* %1$s is the root, %2$s the organization. */
static const char configuration[] =
    "# spoold.conf - a private instance; see spoold.conf(5)\n"
    "\n"
    "spool_directory = \"%1$s/spool\"\n"
    "state_directory = \"%1$s/state\"\n"
    "log_directory = \"%1$s/log\"\n"
    "run_directory = \"%1$s/run\"\n"
    "key_directory = \"%1$s/etc/keys\"\n"
    "sandbox = \"besteffort\"\n"
    "\n"
    "log {\n"
    "\tlevel = \"info\"\n"
    "\ttarget = \"%1$s/log/spoold.log\"\n"
    "}\n"
    "\n"
    "organization %2$s {\n"
    "\t# Where its workers may connect to.\n"
    "\tegress_allow = {\"loopback\", \"private\", \"public\"}\n"
    "}\n";

static int
make_directory(const char *path, struct why *why)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	return why_errno(why, "mkdir %s", path);
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
	char *path = xasprintf("%s/spool", root);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (fd == -1)
		result = why_errno(why, "open %s", path);
	else
		result = layout_create(fd, org, why);
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
make_configuration(const char *file, const char *root, const char *org,
    struct why *why)
{
	FILE *out;
	int fd;

	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return why_errno(why, "create %s", file);
	out = fdopen(fd, "w");
	if (out == NULL) {
		close(fd);
		return why_errno(why, "write %s", file);
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)fprintf(out, configuration, root, org);
#pragma GCC diagnostic pop
	if (ferror(out) != 0 || fflush(out) != 0 || fsync(fd) == -1) {
		(void)fclose(out);
		return why_errno(why, "write %s", file);
	}
	return fclose(out) == 0 ? 0 : why_errno(why, "write %s", file);
}

/* The root as an absolute path, made if it is not there. */
static int
find_root(const char *given, char root[PATH_MAX], struct why *why)
{
	if (make_directory(given, why) == -1)
		return -1;
	if (realpath(given, root) == NULL)
		return why_errno(why, "%s", given);
	if (strpbrk(root, "\"\\\n$") != NULL)
		return why_set(why, ERROR_USAGE, "%s: a path with quotes, "
		    "backslashes or $ cannot stand in a configuration",
		    given);
	return 0;
}

int
spoolctl_init(struct cli *cli, void *arg)
{
	const struct spoolctl *state = arg;
	const char *org = cli->organization != NULL ? cli->organization :
	    ORGANIZATION_DEFAULT;
	char root[PATH_MAX], *file = NULL;
	struct why why;
	int result;

	if (state->root == NULL)
		return cli_usage(cli, "--root DIR is needed: this version "
		    "makes private instances, run by whoever calls it");
	if (!destination_id_valid(org))
		return cli_usage(cli, "organization \"%s\": a-z, 0-9 and -, "
		    "beginning with a letter or digit", org);
	umask(077);
	result = find_root(state->root, root, &why);
	if (result == 0) {
		file = xasprintf("%s/etc/spoold.conf", root);
		if (access(file, F_OK) == 0)
			result = why_set(&why, ERROR_CONFLICT,
			    "%s exists: there is an instance", file);
	}
	if (result == 0)
		result = make_directories(root, org, &why);
	if (result == 0)
		result = make_spool(root, org, &why);
	if (result == 0)
		result = make_key(root, &why);
	if (result == 0)
		result = make_configuration(file, root, org, &why);
	if (result == 0)
		(void)printf("Made an instance below %s, with the "
		    "organization %s.  Next:\n\n"
		    "  export SPOOLD_CONFIG=%s\n"
		    "  spoolctl start\n"
		    "  spooldest create FILE    (see spooldest(1))\n"
		    "  spoolsubmit -d DEST -D '{\"hello\": \"world\"}' -w\n",
		    root, org, file);
	free(file);
	return result == 0 ? 0 : cli_fail(cli, &why);
}
