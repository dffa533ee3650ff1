/*
 * conf_environment - settings from the environment
 *
 * SPOOLD_<SECTION>_<NAME> sets any setting outside of titled sections; the
 * other names of conf.def set a few, and lose against it.  What was taken from
 * there is remembered for the journal, and so is what looks like a setting and
 * is none: only spoold itself warns of that, once.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf_parse.h"
#include "lib/conf_table.h"
#include "lib/xalloc.h"

#define VARIABLE_MAX 128
#define PREFIX "SPOOLD_"
#define SCHEDULE "retry.schedule"
#define CONFIG_FILE "SPOOLD_CONFIG"	/* names the file, and is no setting */

extern char **environ;

static const struct {
	const char	*variable;
	const char	*section, *name;
} others[] = {
#define CONF_VARIABLE(variable, section, name) { #variable, section, name },
#include "lib/conf.def"
#undef CONF_VARIABLE
};

static void
variable_name(const struct setting *setting, char out[VARIABLE_MAX])
{
	(void)snprintf(out, VARIABLE_MAX, PREFIX "%s%s%s", setting->section,
	    setting->section[0] == '\0' ? "" : "_", setting->name);
	for (char *p = out; *p != '\0'; p++)
		*p = *p == '.' ? '_' : (char)toupper((unsigned char)*p);
}

/*
 * All that are in no titled section but the user and the format: whose an
 * instance is counts for what may be done to its file, so the file alone says
 * it, and how it is written it alone can say.
 */
static bool
from_environment(const struct setting *setting)
{
	return setting->scope == SCOPE_plain &&
	    (setting->section[0] != '\0' ||
	    (strcmp(setting->name, "user") != 0 &&
	    strcmp(setting->name, "format") != 0));
}

/* Whoever sets a delay means the formula. */
static bool
is_delay(const struct setting *setting)
{
	return strcmp(setting->section, "retry") == 0 &&
	    (strcmp(setting->name, "base_delay") == 0 ||
	    strcmp(setting->name, "max_delay") == 0);
}

/* Sets it if the variable is there. */
static int
variable_take(struct conf *conf, const struct setting *setting,
    const char *variable, struct why *why)
{
	const char *text = secure_getenv(variable);
	struct why reason;
	char name[SETTING_NAME_MAX];

	if (text == NULL)
		return 0;
	setting_name(setting, NULL, name, sizeof(name));
	if (setting_store_text(setting, conf, text, &reason) == -1)
		return why_set(why, ERROR_CONFIG_ERROR, "%s in the "
		    "environment: %s = %s", variable, name, reason.text);
	conf_list_add(&conf->environment_names, name, strlen(name));
	if (is_delay(setting)) {
		setting_free(conf_setting(SCOPE_plain, "retry", "schedule"),
		    conf);
		conf_list_add(&conf->environment_names, SCHEDULE,
		    strlen(SCHEDULE));
	}
	conf_list_add(&conf->variables, variable, strlen(variable));
	return 0;
}

/* A name that sets nothing is most likely a mistake. */
static void
find_unknown(struct conf *conf)
{
	const struct setting *settings;
	char variable[VARIABLE_MAX];
	size_t count;

	settings = conf_settings(&count);
	for (char **entry = environ; *entry != NULL; entry++) {
		size_t length = strcspn(*entry, "="), i;
		bool known = strncmp(*entry, CONFIG_FILE "=",
		    sizeof(CONFIG_FILE)) == 0;

		if (strncmp(*entry, PREFIX, sizeof(PREFIX) - 1) != 0)
			continue;
		for (i = 0; i < count && !known; i++) {
			if (!from_environment(&settings[i]))
				continue;
			variable_name(&settings[i], variable);
			known = strlen(variable) == length &&
			    strncmp(variable, *entry, length) == 0;
		}
		if (!known)
			conf_list_add(&conf->unknown_variables, *entry, length);
	}
}

int
conf_environment(struct conf *conf, struct why *why)
{
	const struct setting *schedule = conf_setting(SCOPE_plain, "retry",
	    "schedule");
	const struct setting *settings;
	char variable[VARIABLE_MAX];
	const char *text;
	size_t count;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (variable_take(conf, conf_setting(SCOPE_plain,
		    others[i].section, others[i].name), others[i].variable,
		    why) == -1)
			return -1;
	settings = conf_settings(&count);
	for (size_t i = 0; i < count; i++) {
		if (!from_environment(&settings[i]))
			continue;
		variable_name(&settings[i], variable);
		if (variable_take(conf, &settings[i], variable, why) == -1)
			return -1;
	}
	/* A delay dropped it, but one that is set here as well stays. */
	variable_name(schedule, variable);
	text = secure_getenv(variable);
	if (text != NULL &&
	    setting_store_text(schedule, conf, text, why) == -1)
		return -1;
	find_unknown(conf);
	return 0;
}
