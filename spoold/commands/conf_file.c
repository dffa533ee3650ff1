/*
 * conf_file - the configuration as a file that is changed
 *
 * The lock is on the file itself, so who waited for one that was replaced
 * meanwhile begins again.
 */
#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/replace.h"
#include "lib/xalloc.h"

#include "spoold/commands/conf_file.h"

#define CONFIGURATION_DEFAULT "/etc/spoold/spoold.conf"

const char *
conf_file_name(const struct cli *cli)
{
	const char *file = cli->file;

	if (file == NULL)
		file = secure_getenv("SPOOLD_CONFIG");
	return file == NULL || file[0] == '\0' ? CONFIGURATION_DEFAULT : file;
}

int
conf_file_find(const struct cli *cli, char path[PATH_MAX], struct why *why)
{
	const char *file = conf_file_name(cli);

	return realpath(file, path) != NULL ? 0 :
	    why_set(why, ERROR_CONFIG_ERROR, "%s: %s", file, strerror(errno));
}

int
conf_file_lock(const char *path, struct stat *st, struct why *why)
{
	struct stat now;
	int fd;

	for (;;) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd == -1)
			return why_errno(why, "open %s", path);
		if (flock(fd, LOCK_EX) == -1 || fstat(fd, st) == -1 ||
		    stat(path, &now) == -1) {
			(void)why_errno(why, "lock %s", path);
			close(fd);
			return -1;
		}
		if (st->st_ino == now.st_ino && st->st_dev == now.st_dev)
			return fd;
		close(fd);
	}
}

int
conf_file_write(const char *path, const struct buf *text,
    const struct stat *old, struct why *why)
{
	int fd = replace_directory(path), result = 0;

	if (fd == -1 || replace_file(fd, strrchr(path, '/') + 1, text->data,
	    text->len, old) == -1)
		result = why_errno(why, "write %s", path);
	if (fd != -1)
		close(fd);
	return result;
}
