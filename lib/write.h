/*
 * write - all of it, wherever the kernel breaks off
 */
#ifndef LIB_WRITE_H
#define LIB_WRITE_H

#include <stddef.h>

/* Writes all bytes to a file that blocks.  0, or -1 with errno. */
int	 write_all(int fd, const void *, size_t length);

#endif
