/*
 * conf_table - the rows of conf.def, as data
 *
 * The shipped file is printed from here, so that what a person reads there is
 * what the parser does.
 */
#include <stdio.h>
#include <string.h>

#include "lib/conf_table.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static const struct setting settings[] = {
#define CONF(type_, section_, name_, def, min_, max_, sentence_)	\
	{ SCOPE_plain, SETTING_##type_, #section_, #name_, def, min_, max_, \
	    sentence_, offsetof(struct conf, section_##_##name_) },
#define ORGANIZATION_CONF(type_, name_, def, min_, max_, sentence_)	\
	{ SCOPE_organization, SETTING_##type_, "organization", #name_, def, \
	    min_, max_, sentence_,					\
	    offsetof(struct conf_organization, name_) },
#define TRANSPORT_CONF(type_, name_, def, min_, max_, sentence_)	\
	{ SCOPE_transport, SETTING_##type_, "transport", #name_, def, min_, \
	    max_, sentence_, offsetof(struct conf_transport, name_) },
#include "lib/conf.def"
#undef CONF
#undef ORGANIZATION_CONF
#undef TRANSPORT_CONF
};

const struct setting *
conf_settings(size_t *count_r)
{
	*count_r = LENGTH(settings);
	return settings;
}

const struct setting *
conf_setting(enum setting_scope scope, const char *section, const char *name)
{
	for (size_t i = 0; i < LENGTH(settings); i++)
		if (settings[i].scope == scope &&
		    strcmp(settings[i].section, section) == 0 &&
		    strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

bool
setting_is_list(const struct setting *setting)
{
	return setting->type == SETTING_list ||
	    setting->type == SETTING_statuses ||
	    setting->type == SETTING_durations;
}

void
setting_name(const struct setting *setting, const char *title, char *out,
    size_t size)
{
	bool top = strcmp(setting->section, "top") == 0;

	(void)snprintf(out, size, "%s%s%s%s%s", top ? "" : setting->section,
	    title != NULL ? "." : "", title != NULL ? title : "",
	    top ? "" : ".", setting->name);
}

/* `name = value`, as libconfuse reads it. */
static void
print_assignment(struct buf *out, const char *indent,
    const struct setting *setting)
{
	const char *item = setting->fallback;

	buf_printf(out, "%s# %s\n%s%s = ", indent, setting->sentence, indent,
	    setting->name);
	if (!setting_is_list(setting)) {
		buf_printf(out, "\"%s\"\n", setting->fallback);
		return;
	}
	buf_char(out, '{');
	while (*item != '\0') {
		size_t length = strcspn(item, ",");

		buf_printf(out, "%s\"%.*s\"",
		    item == setting->fallback ? "" : ", ", (int)length, item);
		item += length + (item[length] == ',');
	}
	buf_str(out, "}\n");
}

static void
print_titled(struct buf *out, enum setting_scope scope, const char *title)
{
	for (size_t i = 0; i < LENGTH(settings); i++) {
		if (settings[i].scope != scope)
			continue;
		if (i == 0 || settings[i - 1].scope != scope)
			buf_printf(out, "\n#%s %s {\n", settings[i].section,
			    title);
		print_assignment(out, "#\t", &settings[i]);
		if (i + 1 == LENGTH(settings) ||
		    settings[i + 1].scope != scope)
			buf_str(out, "#}\n");
	}
}

void
conf_print_shipped(struct buf *out)
{
	const char *section = "top";

	buf_str(out, "# spoold.conf - every setting with its default; see "
	    "spoold.conf(5)\n\n");
	for (size_t i = 0; i < LENGTH(settings); i++) {
		if (settings[i].scope != SCOPE_plain)
			continue;
		if (strcmp(section, settings[i].section) != 0) {
			if (strcmp(section, "top") != 0)
				buf_str(out, "}\n");
			section = settings[i].section;
			buf_printf(out, "\n%s {\n", section);
		}
		print_assignment(out, strcmp(section, "top") == 0 ? "" : "\t",
		    &settings[i]);
	}
	buf_str(out, "}\n");
	print_titled(out, SCOPE_transport, "webhook");
	print_titled(out, SCOPE_organization, "ID");
}
