/*
 * probe_conf - drives lib/conf
 *
 * probe_conf FILE [NAME]...	`name = value` of every setting, or of these
 * probe_conf -e FILE		what the environment set and what it did not
 * probe_conf -d OLD NEW	what a reload would change, as JSON
 * probe_conf -w FILE NAME VALUE	its text with that setting changed
 * probe_conf -a FILE ORG	its text with an organization's section added
 * probe_conf -r FILE ORG	its text with it taken away, or `none`
 * probe_conf -s FILE N...	the n-th waits of the schedule
 *
 * FILE may be `-`: $SPOOLD_CONFIG or the default.  An error is one line with
 * its code, and status 1.
 */
#include "tests/unit/probe.h"

#include "lib/conf.h"
#include "lib/conf_edit.h"
#include "lib/conf_parse.h"
#include "lib/conf_row.h"

static struct conf *
read_or_exit(const char *file)
{
	struct conf	*conf;
	struct why	 why;

	conf = conf_read(strcmp(file, "-") == 0 ? NULL : file, &why);
	if (conf == NULL) {
		printf("%s: %s\n", error_name(why.code), why.text);
		exit(1);
	}
	return conf;
}

static bool
is_wanted(const char *name, char **names)
{
	if (*names == NULL)
		return true;
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* Transports that the file does not name are left out. */
static bool
is_named(const struct conf *conf, const struct conf_row *row)
{
	return row->setting->scope != SCOPE_transport ||
	    conf_transport(conf, row->title) != &conf->transports[0];
}

static void
print_all(const struct conf *conf, char **names)
{
	struct conf_rows	 rows;
	struct buf		 value = { 0 };

	conf_rows(conf, &rows);
	for (size_t i = 0; i < rows.count; i++) {
		if (!is_named(conf, &rows.items[i]) ||
		    !is_wanted(rows.items[i].name, names))
			continue;
		buf_clear(&value);
		conf_row_value(&rows.items[i], &value);
		printf("%s = %s\n", rows.items[i].name, value.data);
	}
	buf_free(&value);
	conf_rows_free(&rows);
}

/* The text with that setting changed. */
static int
print_edited(const char *file, const char *name, const char *value)
{
	const struct setting	*setting;
	char			 title[SETTING_NAME_MAX];
	struct buf		 text = { 0 };
	struct why		 why;
	int			 status = 1;

	setting = conf_setting_named(name, title);
	if (setting == NULL)
		printf("unknown\n");
	else if (conf_text_read(file, &text, &why) == -1 || conf_edit(&text,
	    setting, setting->scope == SCOPE_plain ? NULL : title, value,
	    &why) == -1)
		printf("%s: %s\n", error_name(why.code), why.text);
	else
		status = fwrite(text.data, 1, text.len, stdout) != text.len;
	buf_free(&text);
	return status;
}

static int
print_section(const char *file, const char *title, bool add)
{
	struct buf	text = { 0 };
	struct why	why;
	int		result;

	result = conf_text_read(file, &text, &why) == -1 ? -1 : 1;
	if (result == 1 && add)
		conf_section_add(&text, SCOPE_organization, title);
	else if (result == 1)
		result = conf_section_remove(&text, SCOPE_organization, title,
		    &why);
	if (result == -1)
		printf("%s: %s\n", error_name(why.code), why.text);
	else
		printf("%s", result == 0 ? "none\n" : text.data);
	buf_free(&text);
	return result == -1;
}

static void
print_environment(const struct conf *conf)
{
	struct buf	out = { 0 };

	if (conf_overrides(conf, &out))
		printf("%s\n", out.data);
	for (size_t i = 0; i < conf->unknown_variables.count; i++)
		printf("unknown: %s\n", conf->unknown_variables.items[i]);
	buf_free(&out);
}

/* Status 1 with why if the change needs a restart. */
static int
print_changes(const struct conf *old, const struct conf *new)
{
	struct buf	out = { 0 };
	struct why	why;
	int		status = 0;

	if (conf_check_reload(old, new, &why) == -1) {
		printf("%s: %s\n", error_name(why.code), why.text);
		status = 1;
	} else if (conf_changes(old, new, &out)) {
		printf("%s\n", out.data);
	}
	buf_free(&out);
	return status;
}

int
main(int argc, char **argv)
{
	struct conf	*conf, *new;
	const char	*how = argv[1];
	int		 status = 0, first = how[0] == '-' && how[1] != '\0';

	if (argc < 2 + first)
		return 64;
	if (strcmp(how, "-w") == 0 && argc == 5)
		return print_edited(argv[2], argv[3], argv[4]);
	if ((strcmp(how, "-a") == 0 || strcmp(how, "-r") == 0) && argc == 4)
		return print_section(argv[2], argv[3], how[1] == 'a');
	conf = read_or_exit(argv[1 + first]);
	if (!first) {
		print_all(conf, argv + 2);
	} else if (strcmp(how, "-e") == 0) {
		print_environment(conf);
	} else if (strcmp(how, "-d") == 0) {
		new = read_or_exit(argv[3]);
		status = print_changes(conf, new);
		conf_free(&new);
	} else if (strcmp(how, "-s") == 0) {
		for (int i = 3; i < argc; i++)
			printf("%lld\n", (long long)conf_schedule(conf,
			    strtoul(argv[i], NULL, 10)));
	}
	conf_free(&conf);
	return status;
}
