/*
 * path - where a ticket's content goes: a destination's `path` and `filename`
 */
#ifndef WORKERS_PATH_H
#define WORKERS_PATH_H

#include "lib/buf.h"
#include "lib/why.h"

#include "workers/common/courier.h"

/*
 * Appends `<path>/<filename>`, each a template: NULL for `path` is none, for
 * `filename` the payload's own name, else `<deliveryId>.json`.  A leading `/`
 * of the path goes; no segment is empty, "." or "..".  Returns 0, or -1 with
 * *why: VALIDATION_ERROR with the path of the value that does not fit.
 */
int	 path_of(struct attempt *, const char *path, const char *filename,
	    struct buf *out, struct why *);

#endif
