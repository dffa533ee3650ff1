/*
 * mustache - text out of a template and values
 *
 * The Mustache language as its specification has it: variables, sections,
 * inverted sections, comments and set delimiters, dotted names, the implicit
 * iterator.  No partials and no lambdas: a template reads nothing but the
 * values that it is given.  What it may write, how deep its sections nest and
 * how many tags are gone through is bounded.
 */
#ifndef LIB_MUSTACHE_H
#define LIB_MUSTACHE_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/why.h"

#define MUSTACHE_NESTING 32	/* sections within sections */
#define MUSTACHE_NAME_MAX 255	/* bytes */
#define MUSTACHE_STEPS_MAX 100000	/* tags, each as often as it is met */

/*
 * Appends what a template yields; `html` says that {{name}} is escaped for
 * HTML.  A name that has no value is empty, false, null, 0, "" and [] leave
 * their sections out, and an object or array is written as JSON, a number as
 * it was written.  Returns 0, or -1 with *why: VALIDATION_ERROR, in words that
 * go on after the template's name.  The output's own `max` counts: an overflow
 * is such an error.
 */
int	 mustache_render(const char *template, const struct json *values,
	    bool html, struct buf *out, struct why *why);

/*
 * The same for a template of a JSON text, where every tag yields what fits
 * where it stands: within a string the value, escaped for that, anywhere else
 * the value as JSON, null if there is none.  There is no unescaped form, so no
 * value ends a string or adds a member.  Whether all of it is JSON is the
 * template's matter, and the caller's to check.
 */
int	 mustache_render_json(const char *template, const struct json *values,
	    struct buf *out, struct why *why);

/*
 * Checks a template without values.  `named` (or NULL) is told each name as it
 * stands there; `within` says that it is in a section, whose members may have
 * it.  0, or -1 with *why as above.
 */
typedef void	 mustache_named(void *arg, const char *name, bool within);
int	 mustache_check(const char *template, mustache_named *named, void *arg,
	    struct why *why);

#endif
