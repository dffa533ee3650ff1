/*
 * scan - the strict look at a JSON text before cJSON sees it
 *
 * cJSON takes duplicate keys, invalid UTF-8, trailing text and 1e999, cuts
 * strings at NUL and rounds numbers.  This scan refuses all of that, with the
 * byte where it is wrong, and needs no memory but for the object keys of the
 * levels that are open.  It changes nothing and builds nothing.
 *
 * Refused: a byte order mark, invalid UTF-8, unpaired surrogates, duplicate
 * keys within an object, NUL (also as \u0000), control characters in strings,
 * more than 64 levels, anything after the document, numbers out of a double's
 * range, and everything that RFC 8259 does not allow.
 */
#ifndef LIB_SCAN_H
#define LIB_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/why.h"

#define SCAN_DEPTH_MAX 64

/* The bytes of one value, without white space around it. */
struct span {
	size_t	 offset;
	size_t	 length;	/* 0: not there */
};

/*
 * A member to find, named by its path from the top ("payload.data"); not one
 * within another that is wanted too.  The scan fills in `span`; neither it nor
 * the values inside it count towards `nodes`.
 */
struct scan_member {
	const char	*path;
	struct span	 span;
};

struct scan {
	size_t	 nodes;		/* values outside of the wanted members */
	size_t	 nodes_max;	/* in: refuse more than that; 0: any number */
};

/*
 * Returns 1 if `text` is one whole JSON value, 0 if it ends too early (what is
 * there could be its beginning), -1 with *why if it is wrong: a
 * VALIDATION_ERROR with the byte, and the path as far as it is known
 * ("payload.metadata.rooms[2]").  A number that is the whole text is taken to
 * be complete.  `members` ends with a NULL path and may be NULL.
 */
int	 scan_json(const char *text, size_t length, struct scan *,
	    struct scan_member *members, struct why *);

#endif
