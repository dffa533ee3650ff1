/*
 * replace - a file's new content, whole and durable or not at all
 */
#ifndef LIB_REPLACE_H
#define LIB_REPLACE_H

#include <stddef.h>

struct stat;

/* Opens the directory that a path's last name is in.  -1 with errno. */
int	 replace_directory(const char *path);

/*
 * Replaces the file `name` in the open directory `dir`, or creates it: written
 * beside it as `.<name>.new`, synced, renamed, and the directory synced.  Owner
 * and mode are those of `old`; NULL: the caller's own, 0600.  One process at a
 * time may do so.  Returns 0, or -1 with errno: it is as it was, or all is done
 * but the sync of the directory.
 */
int	 replace_file(int dir, const char *name, const void *, size_t,
	    const struct stat *old);

/* Removes what one that was cut off has left.  0, or -1 with errno. */
int	 replace_tidy(int dir, const char *name);

#endif
