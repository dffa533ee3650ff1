/*
 * scan_token - the strings, numbers and words that JSON is made of
 *
 * Each begins at text[*at], which is its first byte.  They return 1 with *at
 * behind it, 0 if the text ends within it and could go on, or -1 with *at at
 * the byte that is wrong and *wrong_r saying what is: a sentence without its
 * end, "a colon is missing".
 */
#ifndef LIB_SCAN_TOKEN_H
#define LIB_SCAN_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

struct scan_text {
	const char	*bytes;		/* borrowed */
	size_t		 length;
	size_t		 at;
	const char	*wrong;		/* set when -1 is returned */
};

/* A string; what it stands for is added to `decoded`, if that is not NULL. */
int	 scan_string(struct scan_text *, struct buf *decoded);

/*
 * A number that a double can hold.  One that the text ends with is whole if
 * `alone`; else more digits could follow, and are needed if only these could
 * bring it back into range.
 */
int	 scan_number(struct scan_text *, bool alone);

/* `word` itself: true, false, null. */
int	 scan_word(struct scan_text *, const char *word);

#endif
