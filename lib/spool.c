/*
 * spool - the directories of one organization, and moves between them
 *
 * Directories are opened once and kept.  Nothing here is synced: the journal
 * is the commit, and whatever a crash takes from these directories is put back
 * from it.  For the same reason a write that fails half way is undone at once,
 * so that what stands in a directory is whole or not there.
 *
 * Moves never replace.  Besides losing nothing, that makes the answer true:
 * a plain rename(2) of two names of one file does nothing and says it did.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/spool.h"
#include "lib/spool_place.h"
#include "lib/xalloc.h"

#define MEND "spoolctl check --fix makes it anew"
#define NAME_SIZE 512		/* a temporary name, with room */

static void
open_failed(const char *spool_directory, const char *org, const char *queue,
    struct why *why)
{
	int number = errno;
	char *path = xasprintf("%s/%s%s%s", spool_directory, org,
	    queue[0] == '\0' ? "" : "/", queue);

	errno = number;
	(void)why_open(why, path, MEND);
	free(path);
}

struct spool *
spool_open(const char *spool_directory, const char *org, struct why *why)
{
	struct spool *sp;
	int top;

	top = open(spool_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top == -1) {
		(void)why_open(why, spool_directory, "restore it from a "
		    "backup, or make an instance with spoolctl init");
		return NULL;
	}
	sp = xcalloc(1, sizeof(*sp));
	sp->organization = xstrdup(org);
	sp->day = -1;
	for (int i = 0; i < QUEUES; i++)
		sp->queues[i] = -1;
	sp->directory = spool_openat(top, org, O_RDONLY | O_DIRECTORY);
	if (sp->directory == -1)
		open_failed(spool_directory, org, "", why);
	close(top);
	for (int i = 0; i < QUEUES && sp->directory != -1; i++) {
		sp->queues[i] = spool_openat(sp->directory,
		    queue_name((enum queue)i), O_RDONLY | O_DIRECTORY);
		if (sp->queues[i] == -1) {
			open_failed(spool_directory, org,
			    queue_name((enum queue)i), why);
			spool_close(&sp);
			return NULL;
		}
	}
	if (sp->directory == -1)
		spool_close(&sp);
	return sp;
}

/* By its path alone where it cannot be read. */
static int
directory_reach(int at, const char *name)
{
	static const int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(at, name, O_RDONLY | flags);

	return fd != -1 || errno != EACCES ? fd :
	    openat(at, name, O_PATH | flags);
}

struct spool *
spool_open_drops(const char *spool_directory, const char *org,
    struct why *why)
{
	static const enum queue wanted[] = { QUEUE_tmp, QUEUE_data,
	    QUEUE_new, QUEUE_receipts };
	struct spool *sp = xcalloc(1, sizeof(*sp));
	int top = directory_reach(AT_FDCWD, spool_directory);

	sp->organization = xstrdup(org);
	sp->day = -1;
	for (int i = 0; i < QUEUES; i++)
		sp->queues[i] = -1;
	sp->directory = top == -1 ? -1 : directory_reach(top, org);
	if (sp->directory == -1)
		open_failed(spool_directory, org, "", why);
	if (top != -1)
		close(top);
	for (size_t i = 0; sp->directory != -1 && i < sizeof(wanted) /
	    sizeof(*wanted); i++) {
		sp->queues[wanted[i]] = directory_reach(sp->directory,
		    queue_name(wanted[i]));
		if (sp->queues[wanted[i]] == -1) {
			open_failed(spool_directory, org,
			    queue_name(wanted[i]), why);
			spool_close(&sp);
			return NULL;
		}
	}
	if (sp->directory == -1)
		spool_close(&sp);
	return sp;
}

static void
spool_forget_day(struct spool *sp)
{
	if (sp->day != -1)
		close(sp->day);
	sp->day = -1;
}

void
spool_close(struct spool **sp)
{
	struct spool *old = *sp;

	if (old == NULL)
		return;
	for (int i = 0; i < QUEUES; i++)
		if (old->queues[i] != -1)
			close(old->queues[i]);
	spool_forget_day(old);
	if (old->directory != -1)
		close(old->directory);
	free(old->organization);
	free(old);
	*sp = NULL;
}

const char *
spool_organization(const struct spool *sp)
{
	return sp->organization;
}

int
spool_directory(const struct spool *sp, enum queue queue)
{
	return sp->queues[queue];
}

/* 0 if errno says that it is not there, else -1 with *why. */
static int
missing_or(struct why *why, const char *what, enum queue queue,
    const char *name)
{
	if (errno == ENOENT)
		return 0;
	return why_errno(why, "%s %s/%s", what, queue_name(queue), name);
}

/* spool_place() for something that is there; 1, 0 without its day, -1. */
static int
place_existing(const struct spool *sp, enum queue queue, const char *name,
    struct spool_place *place, struct why *why)
{
	if (spool_place(sp, queue, name, false, place, why) == 0)
		return 1;
	return why->number == ENOENT ? 0 : -1;
}

int
spool_stat(const struct spool *sp, enum queue queue, const char *name,
    struct statx *stat_r, struct why *why)
{
	struct spool_place place;
	int result;

	result = place_existing(sp, queue, name, &place, why);
	if (result != 1)
		return result;
	if (statx(place.fd, place.name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
	    STATX_BASIC_STATS | STATX_BTIME, stat_r) == -1)
		result = missing_or(why, "look at", queue, name);
	spool_place_close(&place);
	return result;
}

/*
 * Opens a regular file and nothing else.  Returns a descriptor and its size, or
 * -1 with *why.
 */
static int
open_regular(const struct spool *sp, enum queue queue, const char *name,
    int flags, off_t *size_r, struct why *why)
{
	struct spool_place place;
	struct stat st;
	int fd;

	if (spool_place(sp, queue, name, false, &place, why) == -1)
		return -1;
	fd = spool_openat(place.fd, place.name, flags);
	if (fd == -1)
		(void)why_errno(why, "open %s/%s", queue_name(queue), name);
	spool_place_close(&place);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		(void)why_errno(why, "look at %s/%s", queue_name(queue), name);
	else if (!S_ISREG(st.st_mode))
		(void)why_set(why, ERROR_PAYLOAD_UNREADABLE,
		    "%s/%s is no regular file", queue_name(queue), name);
	else {
		*size_r = st.st_size;
		return fd;
	}
	close(fd);
	return -1;
}

int
spool_open_file(const struct spool *sp, enum queue queue, const char *name,
    struct why *why)
{
	off_t size;

	return open_regular(sp, queue, name, O_RDONLY, &size, why);
}

static bool
same_file(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino &&
	    a->stx_dev_major == b->stx_dev_major &&
	    a->stx_dev_minor == b->stx_dev_minor &&
	    a->stx_btime.tv_sec == b->stx_btime.tv_sec &&
	    a->stx_btime.tv_nsec == b->stx_btime.tv_nsec &&
	    a->stx_uid == b->stx_uid && a->stx_nlink == b->stx_nlink;
}

int
spool_open_same(const struct spool *sp, enum queue queue, const char *name,
    const struct statx *looked_at, struct why *why)
{
	int fd = spool_open_file(sp, queue, name, why);
	struct statx opened;

	if (fd == -1)
		return -1;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME,
	    &opened) == -1)
		(void)why_errno(why, "look at %s/%s", queue_name(queue), name);
	else if (same_file(looked_at, &opened))
		return fd;
	else {
		(void)why_set(why, ERROR_PAYLOAD_UNREADABLE, "%s/%s was "
		    "replaced while it was looked at", queue_name(queue),
		    name);
		why->number = ESTALE;
	}
	close(fd);
	return -1;
}

/*
 * ENOENT from a rename is said of either side: that the source is gone, or
 * that the target's directory was removed beneath us, which is a failure.
 */
static int
move_failed(const struct spool_place *source, enum queue from,
    const char *name, enum queue to, const char *to_name, struct why *why)
{
	int number = errno;
	struct stat st;

	if (number == ENOENT && fstatat(source->fd, source->name, &st,
	    AT_SYMLINK_NOFOLLOW) == -1 && errno == ENOENT)
		return 0;
	errno = number;
	return why_errno(why, "move %s/%s to %s/%s%s", queue_name(from), name,
	    queue_name(to), to_name, number == ENOENT ?
	    ": the directory is not there any more" : "");
}

int
spool_move(const struct spool *sp, enum queue from, const char *from_name,
    enum queue to, const char *to_name, struct why *why)
{
	struct spool_place source, target;
	int result;

	result = place_existing(sp, from, from_name, &source, why);
	if (result != 1)
		return result;
	if (spool_place(sp, to, to_name, true, &target, why) == -1) {
		spool_place_close(&source);
		return -1;
	}
	if (renameat2(source.fd, source.name, target.fd, target.name,
	    RENAME_NOREPLACE) == -1)
		result = move_failed(&source, from, from_name, to, to_name,
		    why);
	spool_place_close(&source);
	spool_place_close(&target);
	return result;
}

/* Keeps that day's directory open: most deliveries go to today's. */
static int
keep_day(struct spool *sp, const char *name, struct why *why)
{
	struct spool_place place;

	if (spool_place(sp, QUEUE_done, name, true, &place, why) == -1)
		return -1;
	if (!place.opened)
		return 0;
	spool_forget_day(sp);
	sp->day = place.fd;
	memcpy(sp->day_name, name, CLOCK_DAY - 1);
	sp->day_name[CLOCK_DAY - 1] = '\0';
	return 0;
}

int
spool_move_done(struct spool *sp, enum queue from, const char *from_name,
    const char *to_name, int64_t wall_ms, struct why *why)
{
	char day[CLOCK_DAY], name[NAME_SIZE];
	int length, result = -1;

	clock_format_day(wall_ms, day);
	length = snprintf(name, sizeof(name), "%s/%s", day, to_name);
	if (length < 0 || (size_t)length >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return why_errno(why, "move %s/%s to done/%s",
		    queue_name(from), from_name, day);
	}
	/* The day that is kept may be gone: then once more, with a new one. */
	for (int tries = 0; tries < 2; tries++) {
		if (keep_day(sp, name, why) == -1)
			return -1;
		result = spool_move(sp, from, from_name, QUEUE_done, name,
		    why);
		if (result != -1 || why->number != ENOENT)
			return result;
		spool_forget_day(sp);
	}
	return result;
}

int
spool_set_due(const struct spool *sp, enum queue queue, const char *name,
    int64_t wall_ms, struct why *why)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
	    clock_to_timespec(wall_ms) };
	struct spool_place place;
	int result;

	result = place_existing(sp, queue, name, &place, why);
	if (result != 1)
		return result;
	if (utimensat(place.fd, place.name, times, AT_SYMLINK_NOFOLLOW) == -1)
		result = missing_or(why, "set the time of", queue, name);
	spool_place_close(&place);
	return result;
}

int
spool_remove(const struct spool *sp, enum queue queue, const char *name,
    struct why *why)
{
	struct spool_place place;
	int result;

	result = place_existing(sp, queue, name, &place, why);
	if (result != 1)
		return result;
	if (unlinkat(place.fd, place.name, 0) == -1)
		result = missing_or(why, "remove", queue, name);
	spool_place_close(&place);
	return result;
}

int
spool_open_ticket(const struct spool *sp, enum queue queue, const char *name,
    struct ticket_file *file, int *fd_r, struct why *why)
{
	off_t size;
	int fd, result;

	fd = open_regular(sp, queue, name, O_RDWR | O_APPEND, &size, why);
	if (fd == -1)
		return why->number == ENOENT ? 0 : -1;
	result = ticket_file_read(fd, size, file, why);
	if (result == 1)
		*fd_r = fd;
	else
		close(fd);
	return result;
}

int
spool_remove_day(const struct spool *sp, enum queue queue, const char *day,
    struct why *why)
{
	if (unlinkat(sp->queues[queue], day, AT_REMOVEDIR) == 0)
		return 1;
	if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR ||
	    errno == ENOENT)
		return 0;
	return why_errno(why, "remove %s/%s", queue_name(queue), day);
}

int
spool_read_ticket(const struct spool *sp, enum queue queue, const char *name,
    struct ticket_file *file, struct why *why)
{
	off_t size;
	int fd, result;

	fd = open_regular(sp, queue, name, O_RDONLY, &size, why);
	if (fd == -1)
		return why->number == ENOENT ? 0 : -1;
	result = ticket_file_read(fd, size, file, why);
	close(fd);
	return result;
}
