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

#define CONF_SECTION(identifier, path, sentence) \
	static const char path_of_##identifier[] = path;
#include "lib/conf.def"
#undef CONF_SECTION

static const struct setting settings[] = {
#define CONF(type_, section_, name_, def, min_, max_, sentence_)	\
	{ SCOPE_plain, SETTING_##type_, path_of_##section_, #name_, def, \
	    min_, max_, sentence_, offsetof(struct conf, section_##_##name_) },
#define ORGANIZATION_CONF(type_, name_, def, min_, max_, sentence_)	\
	{ SCOPE_organization, SETTING_##type_, "organization", #name_, def, \
	    min_, max_, sentence_,					\
	    offsetof(struct conf_organization, name_) },
#define ORGANIZATION_SECTION_CONF(type_, section_, name_, min_, max_,	\
    sentence_)								\
	{ SCOPE_organization, SETTING_##type_, "organization." #section_, \
	    #name_, "", min_, max_, sentence_,				\
	    offsetof(struct conf_organization, section_##_##name_) },
#define TRANSPORT_CONF(type_, name_, def, min_, max_, sentence_)	\
	{ SCOPE_transport, SETTING_##type_, "transport", #name_, def, min_, \
	    max_, sentence_, offsetof(struct conf_transport, name_) },
#define PIPE_CONF(type_, name_, def, min_, max_, sentence_)		\
	{ SCOPE_pipe, SETTING_##type_, "pipe", #name_, def, min_, max_,	\
	    sentence_, offsetof(struct conf_pipe, name_) },
#include "lib/conf.def"
#undef CONF
#undef PIPE_CONF
#undef ORGANIZATION_CONF
#undef ORGANIZATION_SECTION_CONF
#undef TRANSPORT_CONF
};

static const struct {
	const char	*path;
	const char	*sentence;
} sections[] = {
#define CONF_SECTION(identifier, path, sentence) { path, sentence },
#include "lib/conf.def"
#undef CONF_SECTION
};

const char *
conf_scope_name(enum setting_scope scope)
{
	static const char *const names[SCOPES] = {
		[SCOPE_plain] = "",
		[SCOPE_organization] = "organization",
		[SCOPE_transport] = "transport",
		[SCOPE_pipe] = "pipe",
	};

	return names[scope];
}

const struct setting *
conf_settings(size_t *count_r)
{
	*count_r = LENGTH(settings);
	return settings;
}

const char *
conf_section(const char *path)
{
	for (size_t i = 0; i < LENGTH(sections); i++)
		if (strcmp(sections[i].path, path) == 0)
			return sections[i].sentence;
	return NULL;
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

const struct setting *
conf_setting_named(const char *name, char title_r[SETTING_NAME_MAX])
{
	const char *title = strchr(name, '.');
	size_t length = title == NULL ? 0 : strcspn(++title, ".");
	char full[SETTING_NAME_MAX];

	for (size_t i = 0; i < LENGTH(settings); i++) {
		bool titled = settings[i].scope != SCOPE_plain;

		if (titled && length == 0)
			continue;
		(void)snprintf(title_r, SETTING_NAME_MAX, "%.*s",
		    titled ? (int)length : 0, titled ? title : "");
		setting_name(&settings[i], titled ? title_r : NULL, full,
		    sizeof(full));
		if (strcmp(full, name) == 0)
			return &settings[i];
	}
	return NULL;
}

bool
setting_is_list(const struct setting *setting)
{
	return setting->type >= SETTING_addresses;
}

void
setting_name(const struct setting *setting, const char *title, char *out,
    size_t size)
{
	bool top = setting->section[0] == '\0';
	size_t first = strcspn(setting->section, ".");

	(void)snprintf(out, size, "%.*s%s%s%s%s%s", (int)first,
	    setting->section, title != NULL ? "." : "",
	    title != NULL ? title : "", setting->section + first,
	    top ? "" : ".", setting->name);
}
