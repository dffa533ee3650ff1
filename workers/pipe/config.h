/*
 * config - the pipe of a destination, of those that the organization may use
 */
#ifndef WORKERS_PIPE_CONFIG_H
#define WORKERS_PIPE_CONFIG_H

#include <stdint.h>

#include "lib/json.h"
#include "lib/why.h"

/* What runs for a destination's tickets. */
struct config {
	char		**command;	/* own; NULL at the end */
	int64_t		 time_limit;	/* ms */
	int64_t		 memory_limit;	/* bytes */
};

/*
 * Of the pipes of a setup record, the one that a destination's config names.
 * NULL with *why.
 */
struct config	*config_read(const struct json *pipes,
		    const struct json *destination, struct why *);
void		 config_free(struct config *);

#endif
