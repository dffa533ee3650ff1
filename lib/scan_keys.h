/*
 * scan_keys - the member names of the objects that a scan is in
 *
 * A stack: names are added to the innermost object, and leave with it.  They
 * are kept decoded, so "a" and "\u0061" are the same name.
 */
#ifndef LIB_SCAN_KEYS_H
#define LIB_SCAN_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

struct scan_key {
	uint64_t	 head;		/* the first 8 bytes, to compare */
	size_t		 start;		/* in names */
	size_t		 length;
	size_t		 offset;	/* of the text, where it stands */
};

/* A zeroed one is empty.  Freed by scan_keys_free(). */
struct scan_keys {
	struct buf	 names;
	struct scan_key	*keys;		/* own */
	size_t		 count;
	size_t		 cap;
};

/* The last name added is the bytes of `names` from `start` on. */
void	 scan_keys_add(struct scan_keys *, size_t start, size_t offset);

/*
 * True if two of the keys from `base` on are the same; *which_r is then the
 * first in the text that stood there before.  Changes the order of the keys.
 */
bool	 scan_keys_duplicate(struct scan_keys *, size_t base,
	    struct scan_key *which_r);

/* Forgets the keys from `base` on, whose names begin at `names_base`. */
void	 scan_keys_drop(struct scan_keys *, size_t base, size_t names_base);

void	 scan_keys_free(struct scan_keys *);

#endif
