/*
 * nearest - which of the names that there are somebody may have meant
 */
#ifndef LIB_NEAREST_H
#define LIB_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX 64		/* of longer names nothing is said */

/* Zeroed to begin. */
struct nearest {
	char	 name[NEAREST_MAX];	/* "": none is near */
	size_t	 distance;		/* letters added, left out or changed */
};

/*
 * One that there is.  It is near if no more than a third of the wanted name's
 * letters are wrong; of several the nearest stays, of equal ones the first.
 */
void	 nearest_offer(struct nearest *, const char *wanted,
	    const char *name);

#endif
