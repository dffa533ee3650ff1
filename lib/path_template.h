/*
 * path_template - paths with {names} in them
 *
 * A value is put in as it is or refused, never escaped: one with a slash, a
 * control character or `..` in it could lead elsewhere.
 */
#ifndef LIB_PATH_TEMPLATE_H
#define LIB_PATH_TEMPLATE_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/why.h"

#define PATH_TEMPLATE_MAX 1024	/* bytes of a template, and of its result */

enum path_name {
#define PATH_NAME(name, sentence) PATH_NAME_##name,
#include "lib/path_names.def"
#undef PATH_NAME
	PATH_NAMES
};

/* What is wrong with a template, in words that go on after "it "; or NULL. */
const char	*path_template_check(const char *text);

/*
 * The value of a name (NULL for `metadata`, which then has the name behind the
 * dot), appended to `out`.  0, or -1 if there is none.
 */
typedef int	 path_value(const void *arg, enum path_name,
		    const char *metadata, struct buf *out);

/*
 * Appends what a template yields.  Returns 0, or -1 with *why: VALIDATION_ERROR
 * with the value's path ("correlationId", "payload.metadata.ward").
 */
int	 path_template_expand(const char *text, path_value *value,
	    const void *arg, struct buf *out, struct why *why);

#endif
