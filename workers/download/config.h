/*
 * config - a destination of type download, as far as the worker needs it
 *
 * `filename` is all of it: who may fetch what, how often and until when is
 * spoold's to know.
 */
#ifndef WORKERS_DOWNLOAD_CONFIG_H
#define WORKERS_DOWNLOAD_CONFIG_H

#include "lib/json.h"
#include "lib/why.h"

struct config {
	char	*filename;	/* own; a template, NULL: the payload's own */
};

/* NULL with *why: CONFIG_ERROR. */
struct config	*config_read(const struct json *, struct why *);
void		 config_free(struct config *);

#endif
