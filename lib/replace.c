/*
 * replace - a file's new content, whole and durable or not at all
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/replace.h"
#include "lib/write.h"
#include "lib/xalloc.h"

#define MODE_BITS 07777

/* 0, or -1 with errno. */
static int
fill_file(int fd, const char *data, size_t length, const struct stat *old)
{
	if (old != NULL && (old->st_uid != geteuid() ||
	    old->st_gid != getegid()) &&
	    fchown(fd, old->st_uid, old->st_gid) == -1)
		return -1;
	if (old != NULL && fchmod(fd, old->st_mode & MODE_BITS) == -1)
		return -1;
	return write_all(fd, data, length) == -1 ? -1 : fsync(fd);
}

/* The name beside it.  0, or -1 with errno. */
static int
name_beside(const char *name, char out[NAME_MAX + 1])
{
	if (snprintf(out, NAME_MAX + 1, ".%s.new", name) <= NAME_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

int
replace_tidy(int dir, const char *name)
{
	char beside[NAME_MAX + 1];

	if (name_beside(name, beside) == -1)
		return -1;
	return unlinkat(dir, beside, 0) == -1 && errno != ENOENT ? -1 : 0;
}

int
replace_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *above = slash == NULL ? xstrdup(".") :
	    xstrndup(path, (size_t)(slash - path) + 1);
	int fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC), number;

	number = errno;
	free(above);
	errno = number;
	return fd;
}

int
replace_file(int dir, const char *name, const void *data, size_t length,
    const struct stat *old)
{
	char beside[NAME_MAX + 1];
	int fd, number = 0;

	if (name_beside(name, beside) == -1 || replace_tidy(dir, name) == -1)
		return -1;
	fd = openat(dir, beside,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return -1;
	if (fill_file(fd, data, length, old) == -1)
		number = errno;
	if (close(fd) == -1 && number == 0)
		number = errno;
	if (number == 0 && renameat(dir, beside, dir, name) == -1)
		number = errno;
	if (number == 0)
		return fsync(dir);
	(void)unlinkat(dir, beside, 0);
	errno = number;
	return -1;
}
