/*
 * write - all of it, wherever the kernel breaks off
 */
#include <errno.h>
#include <unistd.h>

#include "lib/write.h"

int
write_all(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t written = write(fd, at, length);

		if (written == -1 && errno == EINTR)
			continue;
		if (written <= 0)
			return -1;
		at += written;
		length -= (size_t)written;
	}
	return 0;
}
