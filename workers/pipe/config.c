/*
 * config - the pipes that the organization may use
 */
#include <stdlib.h>

#include "lib/xalloc.h"

#include "workers/pipe/config.h"

struct config *
config_read(const struct json *pipes, const struct json *destination,
    struct why *why)
{
	const char *name = json_string(json_get(destination, "pipe"), "");
	const struct json *pipe = json_get(pipes, name), *word;
	const struct json *command = json_get(pipe, "command");
	struct config *config;
	size_t count = 0;

	if (json_count(command) == 0) {
		(void)why_set(why, ERROR_CONFIG_ERROR, "there is no pipe "
		    "\"%s\" in the configuration, with a command and in the "
		    "organization's pipes_allow", name);
		return NULL;
	}
	if (json_string(json_first(command), "")[0] != '/') {
		(void)why_set(why, ERROR_CONFIG_ERROR, "the command of the "
		    "pipe \"%s\" is no absolute path", name);
		return NULL;
	}
	config = xcalloc(1, sizeof(*config));
	config->command = xcalloc(json_count(command) + 1,
	    sizeof(*config->command));
	for (word = json_first(command); word != NULL; word = json_next(word))
		config->command[count++] = xstrdup(json_string(word, ""));
	config->time_limit = json_integer(json_get(pipe, "timeLimit"), 0);
	config->memory_limit = json_integer(json_get(pipe, "memoryLimit"), 0);
	return config;
}

void
config_free(struct config *config)
{
	for (size_t i = 0; config->command[i] != NULL; i++)
		free(config->command[i]);
	free(config->command);
	free(config);
}
