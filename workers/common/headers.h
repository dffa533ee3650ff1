/*
 * headers - the headers of one request
 */
#ifndef WORKERS_HEADERS_H
#define WORKERS_HEADERS_H

#include <stddef.h>

#include "lib/why.h"

/* A zeroed one is empty. */
struct headers {
	char	**list;		/* own; `Name: value`, and wiped */
	size_t	 count;
};

/*
 * Adds a header, in place of one of that name.  0, or -1 with *why if the
 * value has a line break or another control character in it: such a value is
 * refused, never cleaned.
 */
int	 headers_set(struct headers *, const char *name, const char *value,
	    struct why *);

void	 headers_free(struct headers *);

#endif
