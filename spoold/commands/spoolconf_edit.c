/*
 * spoolconf -e - changes the file
 *
 * The new text is read as spoold would read it before it replaces the old one,
 * and must say what was wanted.  Two that change it at once do so one after
 * the other: the lock is on the file itself, so who waited for one that was
 * replaced meanwhile begins again.  The old file may be one that spoold
 * refuses, or else it could not be mended with this.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf_edit.h"
#include "lib/conf_parse.h"
#include "lib/conf_row.h"
#include "lib/replace.h"
#include "lib/xalloc.h"

#include "spoold/commands/spoolconf.h"

#define CONFIGURATION_DEFAULT "/etc/spoold/spoold.conf"

/* The file itself, where a link leads to it. */
static int
find_file(const struct cli *cli, char path[PATH_MAX], struct why *why)
{
	const char *file = cli->file;

	if (file == NULL)
		file = getenv("SPOOLD_CONFIG");
	if (file == NULL || file[0] == '\0')
		file = CONFIGURATION_DEFAULT;
	return realpath(file, path) != NULL ? 0 :
	    why_set(why, ERROR_CONFIG_ERROR, "%s: %s", file, strerror(errno));
}

/* A descriptor with the lock on the file that has that name, or -1. */
static int
lock_file(const char *path, struct stat *st, struct why *why)
{
	struct stat now;
	int fd;

	for (;;) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd == -1)
			return why_errno(why, "open %s", path);
		if (flock(fd, LOCK_EX) == -1 || fstat(fd, st) == -1 ||
		    stat(path, &now) == -1) {
			(void)why_errno(why, "lock %s", path);
			close(fd);
			return -1;
		}
		if (st->st_ino == now.st_ino && st->st_dev == now.st_dev)
			return fd;
		close(fd);
	}
}

/* --- the new text --------------------------------------------------------- */

/* Overrides `conf` by what was wanted. */
static int
override_all(const struct cli *cli, struct conf *conf, struct why *why)
{
	struct assignment wanted;
	const struct conf_row *row;
	struct conf_rows rows;
	int result = 0;

	for (size_t i = 0; i < cli->word_count && result == 0; i++) {
		if (assignment_read(cli->words[i], &wanted, why) == -1)
			return -1;
		conf_rows(conf, &rows);
		row = conf_rows_find(&rows, wanted.name);
		result = row == NULL ? name_unknown(wanted.name, why) :
		    conf_override(conf, row, wanted.value, why);
		conf_rows_free(&rows);
	}
	return result;
}

/* Whether the text is a configuration, and says what was wanted. */
static int
check_text(const struct cli *cli, const char *path, const struct buf *text,
    struct why *why)
{
	struct conf *conf = conf_read_text(path, text, why);
	struct conf *wanted = conf == NULL ? NULL :
	    conf_read_text(path, text, why);
	struct buf changes = { .max = 0 };
	int result = -1;

	if (wanted != NULL && override_all(cli, wanted, why) == 0)
		result = !conf_changes(conf, wanted, &changes) ? 0 :
		    why_set(why, ERROR_CONFIG_ERROR, "%s is written in a way "
		    "that cannot be changed here: edit it by hand", path);
	buf_free(&changes);
	conf_free(&conf);
	conf_free(&wanted);
	return result;
}

static int
change_text(const struct cli *cli, const char *path, struct buf *text,
    struct why *why)
{
	char title[SETTING_NAME_MAX];
	const struct setting *setting;
	struct assignment wanted;
	struct why reason;

	for (size_t i = 0; i < cli->word_count; i++) {
		if (assignment_read(cli->words[i], &wanted, why) == -1)
			return -1;
		setting = conf_setting_named(wanted.name, title);
		if (setting == NULL)
			return name_unknown(wanted.name, why);
		if (conf_edit(text, setting, setting->scope == SCOPE_plain ?
		    NULL : title, wanted.value, &reason) == -1)
			return why_set(why, reason.code, "%s: %s", path,
			    reason.text);
	}
	if (text->overflow)
		return why_set(why, ERROR_CONFIG_ERROR, "%s would be longer "
		    "than %zu bytes", path, text->max);
	return check_text(cli, path, text, why);
}

/* --- the new file --------------------------------------------------------- */

static int
write_file(const char *path, const struct buf *text, const struct stat *old,
    struct why *why)
{
	const char *slash = strrchr(path, '/');
	char *directory = xstrndup(path, (size_t)(slash - path) + 1);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = 0;

	if (fd == -1 || replace_file(fd, slash + 1, text->data, text->len,
	    old) == -1)
		result = why_errno(why, "write %s", path);
	if (fd != -1)
		close(fd);
	free(directory);
	return result;
}

int
spoolconf_edit(const struct cli *cli, struct why *why)
{
	struct buf text = { .max = 0 };
	char path[PATH_MAX];
	struct stat old;
	int lock, result = -1;

	if (find_file(cli, path, why) == -1 ||
	    (lock = lock_file(path, &old, why)) == -1)
		return -1;
	if (conf_text_read(path, &text, why) == 0 &&
	    change_text(cli, path, &text, why) == 0)
		result = write_file(path, &text, &old, why);
	buf_free(&text);
	close(lock);
	return result;
}
