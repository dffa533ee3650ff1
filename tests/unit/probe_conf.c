/*
 * probe_conf - drives lib/conf
 *
 * probe_conf FILE [NAME]...	`name = value` of every setting, or of these
 * probe_conf -e FILE		what the environment set and what it did not
 * probe_conf -d OLD NEW	what a reload would change, as JSON
 * probe_conf -s FILE N...	the n-th waits of the schedule
 *
 * FILE may be `-`: $SPOOLD_CONFIG or the default.  An error is one line with
 * its code, and status 1.
 */
#include "tests/unit/probe.h"

#include "lib/conf.h"
#include "lib/conf_table.h"

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

static void
print_scope(enum setting_scope scope, const char *title, const void *base,
    char **names)
{
	const struct setting	*settings;
	struct buf		 value = { 0 };
	char			 name[256];
	size_t			 count;

	settings = conf_settings(&count);
	for (size_t i = 0; i < count; i++) {
		setting_name(&settings[i], title, name, sizeof name);
		if (settings[i].scope != scope || !is_wanted(name, names))
			continue;
		buf_clear(&value);
		buf_str(&value, "");
		setting_print(&settings[i], base, &value);
		printf("%s = %s\n", name, value.data);
	}
	buf_free(&value);
}

static void
print_all(const struct conf *conf, char **names)
{
	print_scope(SCOPE_plain, NULL, conf, names);
	for (size_t i = 0; i < conf->organization_count; i++)
		print_scope(SCOPE_organization, conf->organizations[i].id,
		    &conf->organizations[i], names);
	for (size_t i = 0; i < conf->transport_count; i++)
		if (conf->transports[i].name[0] != '\0')
			print_scope(SCOPE_transport,
			    conf->transports[i].name, &conf->transports[i],
			    names);
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
