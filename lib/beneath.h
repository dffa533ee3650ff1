/*
 * beneath - whether a path lies within a directory, by their texts
 */
#ifndef LIB_BENEATH_H
#define LIB_BENEATH_H

#include <stdbool.h>

/*
 * True for the directory itself, too.  Both are absolute and without ".."; a
 * slash at the end of the directory does not count.  Nothing is beneath the
 * root but itself: whoever allows a directory names one.
 */
bool	 is_beneath(const char *path, const char *directory);

#endif
