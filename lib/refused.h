/*
 * refused - drops that were refused: in failed/, with the reason beside them
 *
 * One is kept under its receipt's name, `<stem>.<id>.json`, or `<id>.json`
 * where its own could not be kept; `<that>.error` is the error as in
 * spoold-errors(7).
 */
#ifndef LIB_REFUSED_H
#define LIB_REFUSED_H

#include <stdbool.h>

#include "lib/json.h"
#include "lib/spool.h"
#include "lib/why.h"

/* True if a file of that name in failed/ is a refused drop; then its id. */
bool	 refused_named(const char *name, struct id *);

/* Its name in failed/, to be freed; NULL with *why: there is none. */
char	*refused_find(const struct spool *, const struct id *, struct why *);

/* Its error object, to be freed with json_free(); NULL with *why. */
struct json	*refused_error(const struct spool *, const char *name,
		    struct why *);

#endif
