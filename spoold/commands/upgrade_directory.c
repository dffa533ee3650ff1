/*
 * upgrade_directory - the queues that an upgrade makes in a spool
 *
 * What is below the spool directory is spoold's to rename, so root goes there
 * by descriptors and through no link, and has nothing removed as root.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/instance.h"
#include "lib/xalloc.h"
#include "spool-layout/directory.h"

#include "spoold/commands/upgrade_directory.h"

/* `ORG/QUEUE`, taken apart. */
struct queue_path {
	char		*org;		/* own */
	const char	*queue;		/* borrowed from the path */
};

static struct queue_path
split(const char *path)
{
	size_t length = strcspn(path, "/");

	return (struct queue_path) { .org = xstrndup(path, length),
	    .queue = path + length + (path[length] == '/') };
}

/*
 * Opens the organization's own, as root.  1 with *top, 0 if there is none, -1
 * with *why.
 */
static int
open_top(const struct upgrade *u, const char *org, int *top,
    struct why *why)
{
	int spool, number;

	if (upgrade_act(u, UPGRADE_configuration, why) == -1)
		return -1;
	spool = open(u->places[UPGRADE_spool],
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool == -1)
		return why_errno(why, "open %s", u->places[UPGRADE_spool]);
	*top = openat(spool, org,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	number = errno;
	close(spool);
	errno = number;
	if (*top != -1)
		return 1;
	return number == ENOENT ? 0 : why_errno(why, "open %s/%s",
	    u->places[UPGRADE_spool], org);
}

/* --- looked into ---------------------------------------------------------- */

/* Whether there is anything in it; it is closed.  1, 0, -1 with errno. */
static int
has_something(int fd)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	int result = 0, number;

	if (dir == NULL) {
		close(fd);
		return -1;
	}
	errno = 0;
	while (result == 0 && (entry = readdir(dir)) != NULL)
		result = strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	number = result == 0 ? errno : 0;
	closedir(dir);
	errno = number;
	return number != 0 ? -1 : result;
}

int
upgrade_directory_used(const struct upgrade *u, const char *path,
    bool *there, struct why *why)
{
	struct queue_path parts = split(path);
	int top = -1, fd, result = open_top(u, parts.org, &top, why);

	*there = false;
	if (result == 1) {
		fd = openat(top, parts.queue,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		*there = fd != -1;
		result = fd != -1 ? has_something(fd) :
		    errno == ENOENT ? 0 : -1;
		if (result == -1)
			(void)why_errno(why, "look into %s/%s",
			    u->places[UPGRADE_spool], path);
		close(top);
	}
	free(parts.org);
	return result;
}

/* --- made and removed ----------------------------------------------------- */

/* In the organization's own; what is there already is mended. */
static int
make_in(int top, const struct directory *directory, struct why *why)
{
	int fd, result;

	if (directory_create(top, directory->name, directory, why) == -1 ||
	    (fd = directory_open(top, directory->name, why)) == -1)
		return -1;
	result = directory_mend(fd, directory, why);
	close(fd);
	if (result == 0 && fsync(top) == -1)
		result = why_errno(why, "sync what has %s", directory->name);
	return result;
}

int
upgrade_directory_make(const struct upgrade *u, const char *path,
    struct why *why)
{
	struct queue_path parts = split(path);
	const struct conf_organization *section = conf_organization(u->conf,
	    parts.org);
	int top = -1, result = -1;
	struct directory directory;
	struct layout_owners owners;

	if (section == NULL)
		result = 0;
	else if (instance_owners(u->conf, section, &owners, why) == 0)
		result = open_top(u, parts.org, &top, why);
	if (result == 1) {
		directory = directory_queue(
		    (enum queue)queue_by_name(parts.queue), &owners);
		result = make_in(top, &directory, why);
		close(top);
	}
	free(parts.org);
	return result;
}

int
upgrade_directory_remove(const struct upgrade *u, const char *path,
    struct why *why)
{
	struct queue_path parts = split(path);
	int top = -1, result = open_top(u, parts.org, &top, why);

	if (result == 1) {
		result = upgrade_act(u, UPGRADE_spool, why);
		if (result == 0 && (unlinkat(top, parts.queue,
		    AT_REMOVEDIR) == -1 || fsync(top) == -1))
			result = why_errno(why, "remove %s/%s",
			    u->places[UPGRADE_spool], path);
		close(top);
	}
	free(parts.org);
	return result;
}
