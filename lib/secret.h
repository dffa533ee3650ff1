/*
 * secret - memory for what is kept in clear: wiped when freed, locked, left out
 * of core dumps and of what a child gets
 */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#include <stddef.h>

#include "lib/why.h"

struct secret {
	char	*data;		/* own; ends in a NUL not counted */
	size_t	 length;
	size_t	 mapped;	/* bytes of the mapping */
};

/*
 * In place of what it held, which may be what is given.  0, or -1 with *why:
 * then it holds nothing.
 */
int	 secret_set(struct secret *, const char *, size_t, struct why *);
void	 secret_free(struct secret *);

#endif
