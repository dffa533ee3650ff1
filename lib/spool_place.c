/*
 * spool_place - a name in the spool as a directory and a name in it
 *
 * No name reaches a system call before it is known to have one part: so
 * whatever a job, a person or a crash put into a name, the kernel resolves it
 * in the one directory that was meant.  Only some have a second level, and
 * its directories are named like days.
 */
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/spool_place.h"

#define FILE_MODE 0600
#define DAY_MODE 0700

int
spool_openat(int fd, const char *name, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_NOFOLLOW | O_NONBLOCK |
		    O_NOCTTY | O_CLOEXEC),
		.mode = (flags & O_CREAT) != 0 ? FILE_MODE : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	long result;

	/* A rename elsewhere on the path may ask for another try (openat2). */
	do {
		result = syscall(SYS_openat2, fd, name, &how, sizeof(how));
	} while (result == -1 && (errno == EAGAIN || errno == EINTR));
	return (int)result;
}

/* One part that is neither this directory nor the one above. */
static bool
name_plain(const char *name)
{
	return *name != '\0' && strchr(name, '/') == NULL &&
	    strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* The length of `YYYY-MM-DD/` at the beginning, or 0. */
static size_t
day_length(const char *name)
{
	static const char form[] = "dddd-dd-dd/";
	size_t i;

	for (i = 0; form[i] != '\0'; i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)name[i]) :
		    name[i] != form[i])
			return 0;
	return i;
}

/* Opens <queue>/<day>, made if it is missing and `make`. */
static int
day_open(const struct spool *sp, enum queue queue, const char *day, bool make,
    struct why *why)
{
	int parent = sp->queues[queue];
	int fd;

	fd = spool_openat(parent, day, O_RDONLY | O_DIRECTORY);
	if (fd == -1 && errno == ENOENT && make) {
		if (mkdirat(parent, day, DAY_MODE) == -1 && errno != EEXIST)
			return why_errno(why, "create directory %s/%s",
			    queue_name(queue), day);
		fd = spool_openat(parent, day, O_RDONLY | O_DIRECTORY);
	}
	if (fd == -1)
		return why_errno(why, "open directory %s/%s",
		    queue_name(queue), day);
	return fd;
}

/*
 * True if the day that is kept open is this one.  To look for something there
 * it must not have been removed meanwhile; a rename into it tells by itself.
 */
static bool
day_kept(const struct spool *sp, const char *day, bool make)
{
	struct stat st;

	return sp->day != -1 && strcmp(day, sp->day_name) == 0 &&
	    (make || (fstat(sp->day, &st) == 0 && st.st_nlink > 0));
}

int
spool_place(const struct spool *sp, enum queue queue, const char *name,
    bool make, struct spool_place *place, struct why *why)
{
	char day[CLOCK_DAY];
	size_t length;

	place->fd = sp->queues[queue];
	place->name = name;
	place->opened = false;
	length = queue_has_days(queue) ? day_length(name) : 0;
	place->name += length;
	if (!name_plain(place->name)) {
		errno = EINVAL;
		return why_errno(why, "a name in %s/ that is none",
		    queue_name(queue));
	}
	if (length == 0)
		return 0;
	memcpy(day, name, length - 1);
	day[length - 1] = '\0';
	if (queue == QUEUE_done && day_kept(sp, day, make)) {
		place->fd = sp->day;
		return 0;
	}
	place->fd = day_open(sp, queue, day, make, why);
	place->opened = place->fd != -1;
	return place->fd == -1 ? -1 : 0;
}

void
spool_place_close(struct spool_place *place)
{
	if (place->opened)
		close(place->fd);
	place->opened = false;
	place->fd = -1;
}
