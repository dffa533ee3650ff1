/*
 * directory - one directory of the layout as it is to be
 *
 * The owner is set first and the mode last: changing either of the others may
 * take bits of it away.  Everything is done to what was opened, for root does
 * it where another user may rename what is there.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "spool-layout/directory.h"

#define TOP_MODE 0710		/* its submitters go through it */
#define TOP_PRIVATE_MODE 0700

static const struct {
	bool		 submitters;	/* the group is theirs */
	mode_t		 mode, private_mode;
	enum access	 access;
} rows[QUEUES] = {
#define GROUP_own false
#define GROUP_submitters true
#define QUEUE(name, group, mode, access, private_mode, tickets, what) \
	[QUEUE_##name] = { GROUP_##group, mode, private_mode, \
	    ACCESS_##access },
#include "spool-layout/queues.def"
#undef QUEUE
};

struct directory
directory_top(const struct layout_owners *owners)
{
	return (struct directory) {
		.name = "",
		.mode = owners->shared ? TOP_MODE : TOP_PRIVATE_MODE,
		.shared = owners->shared,
		.owner = owners->shared ? owners->user : geteuid(),
		.group = owners->submitters,
		.access = ACCESS_plain,
	};
}

struct directory
directory_queue(enum queue queue, const struct layout_owners *owners)
{
	return (struct directory) {
		.name = queue_name(queue),
		.mode = owners->shared ? rows[queue].mode :
		    rows[queue].private_mode,
		.shared = owners->shared,
		.owner = owners->shared ? owners->user : geteuid(),
		.group = rows[queue].submitters ? owners->submitters :
		    owners->own,
		.access = rows[queue].access,
	};
}

int
directory_open(int at, const char *name, struct why *why)
{
	int fd = openat(at, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd != -1 ? fd : why_errno(why, "open directory %s", name);
}

int
directory_mend(int fd, const struct directory *directory, struct why *why)
{
	if (directory->shared && fchown(fd, directory->owner,
	    directory->group) == -1)
		return why_errno(why, "give directory %s its owner",
		    directory->name);
	if (directory->shared && access_set(fd, directory->access,
	    directory->owner, why) == -1)
		return -1;
	if (fchmod(fd, directory->mode) == -1)
		return why_errno(why, "set the mode of %s", directory->name);
	return 0;
}

int
directory_create(int at, const char *name, const struct directory *directory,
    struct why *why)
{
	int fd, result;

	if (mkdirat(at, name, 0700) == -1)
		return errno == EEXIST ? 0 :
		    why_errno(why, "create directory %s", name);
	/*
	 * Whatever the umask took away has to be there to open it; root opens
	 * it anyway, and follows no name that may be another's by now.
	 */
	if (!directory->shared && fchmodat(at, name, 0700, 0) == -1)
		return why_errno(why, "set the mode of %s", name);
	fd = directory_open(at, name, why);
	if (fd == -1)
		return -1;
	result = directory_mend(fd, directory, why);
	close(fd);
	return result;
}
