/*
 * utf8 - one character at a time, strictly
 *
 * RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF.
 */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of the character that the text begins with, 1 to 4; its number
 * goes to *code_r.  0 if the text ends within it (or is empty), -1 if it is
 * none.
 */
int	 utf8_next(const char *text, size_t length, uint32_t *code_r);

/* Writes a character's bytes and returns how many there are. */
size_t	 utf8_put(char out[4], uint32_t code);

/* True if all of it is UTF-8. */
bool	 utf8_valid(const char *text, size_t length);

/* How many characters a valid, NUL-terminated text has. */
size_t	 utf8_count(const char *text);

/* True for U+0000 to U+001F and U+007F to U+009F. */
bool	 utf8_is_control(uint32_t code);

/*
 * The longest beginning of at most `limit` bytes that does not end within a
 * character.  No more than `limit` bytes are looked at, so it also tells how
 * much is left of a text that was `length` bytes before it was cut.
 */
size_t	 utf8_cut(const char *text, size_t length, size_t limit);

#endif
