/*
 * beneath - whether a path lies within a directory, by their texts
 */
#include <string.h>

#include "lib/beneath.h"

bool
is_beneath(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	while (length > 1 && directory[length - 1] == '/')
		length--;
	return strncmp(path, directory, length) == 0 &&
	    (path[length] == '/' || path[length] == '\0');
}
