/*
 * wiping - memory for libraries that free secrets as they are
 *
 * As free(3) and realloc(3), but what is given up is wiped: also what a larger
 * copy takes the place of, which realloc(3) would leave behind.
 */
#ifndef LIB_WIPING_H
#define LIB_WIPING_H

#include <stddef.h>

#include "lib/why.h"

void	 wiping_free(void *);
/* NULL if there is no memory: what there was stays. */
void	*wiping_resize(void *, size_t);

/*
 * OpenSSL's memory is of this kind in each program that this is linked into,
 * from its first moment on.  0, or -1 with *why: it is not so.
 */
int	 wiping_openssl(struct why *);

#endif
