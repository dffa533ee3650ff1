/*
 * layout - the directories of an organization, made and removed
 *
 * Everything is done through descriptors, beneath the directory that the
 * caller opened, and never through a link.
 */
#include <sys/stat.h>
#include <sys/statfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "spool-layout/directory.h"
#include "spool-layout/layout.h"

/* From linux/magic.h and each file system's own header. */
#define MAGIC_EXT4 0xef53
#define MAGIC_XFS 0x58465342
#define MAGIC_BTRFS 0x9123683e
#define MAGIC_TMPFS 0x01021994

static const struct {
	const char	*name;
	const char	*what;
	bool		 tickets;
} queues[QUEUES] = {
#define QUEUE(name, group, mode, access, private_mode, tickets, what) \
	[QUEUE_##name] = { #name, what, tickets },
#include "spool-layout/queues.def"
#undef QUEUE
};

const char *
queue_name(enum queue queue)
{
	return queues[queue].name;
}

const char *
queue_what(enum queue queue)
{
	return queues[queue].what;
}

bool
queue_holds_tickets(enum queue queue)
{
	return queues[queue].tickets;
}

bool
queue_has_days(enum queue queue)
{
	return queue == QUEUE_done || queue == QUEUE_stored;
}

int
queue_by_name(const char *name)
{
	for (int i = 0; i < QUEUES; i++)
		if (strcmp(queues[i].name, name) == 0)
			return i;
	return -1;
}

int
layout_create(int spool_dir, const char *org,
    const struct layout_owners *owners, struct why *why)
{
	struct directory directory = directory_top(owners);
	int result = 0;
	int fd;

	if (directory_create(spool_dir, org, &directory, why) == -1 ||
	    (fd = directory_open(spool_dir, org, why)) == -1)
		return -1;
	for (int i = 0; i < QUEUES && result == 0; i++) {
		directory = directory_queue((enum queue)i, owners);
		result = directory_create(fd, directory.name, &directory, why);
	}
	close(fd);
	return result;
}

/* Removes a directory if it is empty: 1, 0 if it is not, -1 with *why. */
static int
remove_empty(int at, const char *name, struct why *why)
{
	if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 1;
	if (errno == ENOTEMPTY || errno == EEXIST) {
		(void)why_set(why, ERROR_CONFLICT, "%s is not empty", name);
		return 0;
	}
	return why_errno(why, "remove directory %s", name);
}

/* The days of a queue, as far as they are empty. */
static int
remove_days(int at, const char *queue, struct why *why)
{
	int fd = directory_open(at, queue, why), result = 1;
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL) {
		if (fd == -1)
			return why->number == ENOENT ? 1 : -1;
		(void)why_errno(why, "read directory %s", queue);
		close(fd);
		return -1;
	}
	while (result == 1 && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			result = remove_empty(fd, entry->d_name, why);
	closedir(dir);
	return result;
}

int
layout_remove(int spool_dir, const char *org, struct why *why)
{
	int fd = directory_open(spool_dir, org, why), result = 1;

	if (fd == -1)
		return why->number == ENOENT ? 1 : -1;
	for (int i = 0; i < QUEUES && result == 1; i++) {
		if (queue_has_days((enum queue)i))
			result = remove_days(fd, queues[i].name, why);
		if (result == 1)
			result = remove_empty(fd, queues[i].name, why);
	}
	close(fd);
	return result != 1 ? result : remove_empty(spool_dir, org, why);
}

int
layout_file_system(int dir, struct why *why)
{
	struct statfs fs;

	if (fstatfs(dir, &fs) == -1)
		return why_errno(why, "look at the spool's file system");
	switch ((unsigned long)fs.f_type) {
	case MAGIC_EXT4:
	case MAGIC_XFS:
	case MAGIC_BTRFS:
		return 1;
	case MAGIC_TMPFS:
		return 0;
	default:
		return why_set(why, ERROR_CONFIG_ERROR, "the spool is on a "
		    "file system (type 0x%lx) that does not keep what spoold "
		    "promises: use ext4, XFS or btrfs",
		    (unsigned long)fs.f_type);
	}
}
