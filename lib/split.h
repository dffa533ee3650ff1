/*
 * split - several JSON objects in one stream, one after the other
 *
 * Finds where each object ends by its braces and strings alone; whether it is
 * good JSON is for whoever gets it.  What does not begin with `{` is handed on
 * whole, to be found wrong there.
 */
#ifndef LIB_SPLIT_H
#define LIB_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/why.h"

struct split {
	int		 fd;		/* borrowed */
	size_t		 max;		/* bytes of one object */
	struct buf	 in;
	size_t		 start;		/* in `in`: where the object begins */
	size_t		 at;		/* in `in`: scanned up to here */
	size_t		 depth;		/* open braces and brackets */
	bool		 in_string;
	bool		 escaped;
	bool		 ended;		/* of the stream */
};

void	 split_begin(struct split *, int fd, size_t max);
void	 split_end(struct split *);

/*
 * The next object's bytes, valid until the next call; the last may be
 * incomplete.  Returns 1, 0 at the end, -1 with *why (PAYLOAD_TOO_LARGE).
 */
int	 split_next(struct split *, const char **text_r, size_t *length_r,
	    struct why *);

#endif
