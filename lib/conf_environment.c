/*
 * conf_environment - settings from the environment
 *
 * SPOOLD_<SECTION>_<NAME> sets any setting outside of titled sections; the
 * older DELIVERY_ names set a few, and lose against it.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf_parse.h"
#include "lib/conf_table.h"
#include "lib/log.h"

extern char **environ;

/* Of two names for one setting the later row wins. */
static const struct {
	const char	*variable;
	const char	*section, *name;
} older[] = {
	{ "DELIVERY_RETRY_MAX_ATTEMPTS", "retry", "max_attempts" },
	{ "DELIVERY_RETRY_BASE_DELAY", "retry", "base_delay" },
	{ "DELIVERY_RETRY_MAX_DELAY", "retry", "max_delay" },
	{ "DELIVERY_QUEUE_CONCURRENCY", "queue", "concurrency" },
	{ "DELIVERY_QUEUE_BATCH_SIZE", "queue", "batch_size" },
	{ "DELIVERY_ENCRYPTION_ENABLED", "encryption", "enabled" },
};

static void
variable_name(const struct setting *setting, char *out, size_t size)
{
	bool top = strcmp(setting->section, "top") == 0;

	(void)snprintf(out, size, "SPOOLD_%s%s%s", top ? "" :
	    setting->section, top ? "" : "_", setting->name);
	for (char *p = out; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
}

static int
variable_store(struct conf *conf, const struct setting *setting,
    const char *variable, const char *text, struct why *why)
{
	struct why reason;

	if (setting_store_text(setting, conf, text, &reason) == -1)
		return why_set(why, ERROR_CONFIG_ERROR, "%s in the "
		    "environment: %s", variable, reason.text);
	/* Whoever sets a delay means the formula. */
	if (strcmp(setting->section, "retry") == 0 &&
	    (strcmp(setting->name, "base_delay") == 0 ||
	    strcmp(setting->name, "max_delay") == 0))
		setting_free(conf_setting(SCOPE_plain, "retry", "schedule"),
		    conf);
	return 0;
}

/* A name that sets nothing is most likely a mistake. */
static void
warn_unknown(void)
{
	const struct setting *settings;
	char variable[128];
	size_t count;

	settings = conf_settings(&count);
	for (char **entry = environ; *entry != NULL; entry++) {
		size_t length = strcspn(*entry, "="), i;

		if (strncmp(*entry, "SPOOLD_", 7) != 0 ||
		    strncmp(*entry, "SPOOLD_CONFIG=", 14) == 0)
			continue;
		for (i = 0; i < count; i++) {
			if (settings[i].scope != SCOPE_plain)
				continue;
			variable_name(&settings[i], variable,
			    sizeof(variable));
			if (strlen(variable) == length &&
			    strncmp(variable, *entry, length) == 0)
				break;
		}
		if (i == count)
			log_warning("%.*s in the environment is no setting",
			    (int)length, *entry);
	}
}

int
conf_environment(struct conf *conf, struct why *why)
{
	const struct setting *settings;
	char variable[128];
	const char *text;
	size_t count;

	for (size_t i = 0; i < sizeof(older) / sizeof(*older); i++) {
		text = getenv(older[i].variable);
		if (text != NULL && variable_store(conf, conf_setting(
		    SCOPE_plain, older[i].section, older[i].name),
		    older[i].variable, text, why) == -1)
			return -1;
	}
	settings = conf_settings(&count);
	for (size_t i = 0; i < count; i++) {
		if (settings[i].scope != SCOPE_plain)
			continue;
		variable_name(&settings[i], variable, sizeof(variable));
		text = getenv(variable);
		if (text != NULL && variable_store(conf, &settings[i],
		    variable, text, why) == -1)
			return -1;
	}
	warn_unknown();
	return 0;
}
