/*
 * lines - a text's lines, as a list
 */
#ifndef LIB_LINES_H
#define LIB_LINES_H

#include <stddef.h>

/*
 * The lines of a text, each ended by a newline (what stands after the last one
 * does not count).  A list of own strings, ended by a NULL; freed by
 * lines_free().
 */
char	**lines_split(const char *, size_t *count_r);
void	 lines_free(char **, size_t count);

#endif
