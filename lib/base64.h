/*
 * base64 - RFC 4648, both alphabets, strictly
 */
#ifndef LIB_BASE64_H
#define LIB_BASE64_H

#include <stddef.h>

#include "lib/buf.h"

enum base64 {
	BASE64_STANDARD,	/* +/ and padded */
	BASE64_URL		/* -_ and not padded */
};

/* Appends the text of these bytes. */
void	 base64_encode(struct buf *, const void *, size_t, enum base64);

/*
 * Appends the bytes of that text.  Returns 0, or -1 if it is not exactly what
 * base64_encode() writes: other characters, white space, wrong padding or
 * bits that count for nothing are refused.
 */
int	 base64_decode(struct buf *, const char *, size_t, enum base64);

#endif
