/*
 * config - a destination of type download, as far as the worker needs it
 */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "workers/common/settings.h"
#include "workers/download/config.h"

struct config *
config_read(const struct json *json, struct why *why)
{
	struct config *config = xcalloc(1, sizeof(*config));

	config->filename = settings_string(json, "filename");
	if (config->filename == NULL ||
	    strchr(config->filename, '/') == NULL)
		return config;
	(void)settings_wrong(why, "filename",
	    "is one name: it must not have a slash");
	config_free(config);
	return NULL;
}

void
config_free(struct config *config)
{
	free(config->filename);
	free(config);
}
