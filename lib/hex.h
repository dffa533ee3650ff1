/*
 * hex - bytes as lower-case hexadecimal digits
 *
 * The one way in which digests, keys' ids and random names are written.
 */
#ifndef LIB_HEX_H
#define LIB_HEX_H

#include <stddef.h>

/* How much room `length` bytes need, the NUL counted. */
#define HEX_SIZE(length) (2 * (length) + 1)

/* Writes 2 * length digits and a NUL. */
void	 hex_format(const void *bytes, size_t length, char *out);

/*
 * Reads 2 * length digits; what follows them is not looked at.  0, or -1 at
 * the first character that is none, a NUL too.
 */
int	 hex_parse(const char *text, void *out, size_t length);

#endif
