/*
 * spoolconf -e - changes the file
 *
 * The new text is read as spoold would read it before it replaces the old one,
 * and must say what was wanted.  The old file may be one that spoold refuses,
 * or else it could not be mended with this.
 */
#include <limits.h>
#include <unistd.h>

#include "lib/conf_edit.h"
#include "lib/conf_parse.h"
#include "lib/conf_row.h"
#include "lib/format.h"

#include "spoold/commands/conf_file.h"
#include "spoold/commands/spoolconf.h"

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

	/* An upgrade would find, or put back, something else. */
	if (conf != NULL && format_check(conf, why) == -1 &&
	    why->code == ERROR_CONFIG_ERROR)
		result = -1;
	else if (wanted != NULL && override_all(cli, wanted, why) == 0)
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

int
spoolconf_edit(const struct cli *cli, struct why *why)
{
	struct buf text = { .max = 0 };
	char path[PATH_MAX];
	struct stat old;
	int lock, result = -1;

	if (conf_file_find(cli, path, why) == -1 ||
	    (lock = conf_file_lock(path, &old, why)) == -1)
		return -1;
	if (conf_text_read(path, &text, why) == 0 &&
	    change_text(cli, path, &text, why) == 0)
		result = conf_file_write(path, &text, &old, why);
	buf_free(&text);
	close(lock);
	return result;
}
