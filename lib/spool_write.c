/*
 * spool_write - creating, replacing and appending to files of the spool
 *
 * What is written here is never synced (spool.c says why), but it is whole or
 * not there: a file that cannot be filled is removed, an append that cannot be
 * finished is cut away again.  An append also cuts what a crash left of the
 * one before, so that a line always begins where a line ended.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/access.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/spool.h"
#include "lib/spool_place.h"
#include "lib/write.h"

/* Whom a file is for. */
#define FOR_OWNER NULL

/*
 * Creates a file that is not there, for its owner, or for that user as well:
 * 1, 0 if it is, -1 with errno.
 */
static int
create_whole(int dir, const char *name, const void *data, size_t length,
    const uid_t *reader)
{
	struct why why;
	int fd, number;

	fd = spool_openat(dir, name, O_WRONLY | O_CREAT | O_EXCL);
	if (fd == -1)
		return errno == EEXIST ? 0 : -1;
	number = write_all(fd, data, length) == -1 ? errno : 0;
	if (number == 0 && reader != FOR_OWNER &&
	    access_let_read(fd, *reader, &why) == -1)
		number = why.number != 0 ? why.number : EIO;
	if (close(fd) == -1 && number == 0)
		number = errno;
	if (number == 0)
		return 1;
	(void)unlinkat(dir, name, 0);
	errno = number;
	return -1;
}

int
spool_create(const struct spool *sp, enum queue queue, const char *name,
    const void *data, size_t length, struct why *why)
{
	struct spool_place place;
	int result;

	if (spool_place(sp, queue, name, true, &place, why) == -1)
		return -1;
	result = create_whole(place.fd, place.name, data, length, FOR_OWNER);
	if (result == -1)
		(void)why_errno(why, "create %s/%s", queue_name(queue), name);
	spool_place_close(&place);
	return result;
}

/* The part of spool_replace() within the directory.  0, or -1 with errno. */
static int
replace_in(int dir, const char *hidden, const char *name, const void *data,
    size_t length, const uid_t *reader)
{
	int number, made;

	made = create_whole(dir, hidden, data, length, reader);
	/* What is left of one that was cut off; one process writes here. */
	if (made == 0 && unlinkat(dir, hidden, 0) == 0)
		made = create_whole(dir, hidden, data, length, reader);
	if (made == 0)
		errno = EEXIST;
	if (made != 1)
		return -1;
	if (renameat(dir, hidden, dir, name) == 0)
		return 0;
	number = errno;
	(void)unlinkat(dir, hidden, 0);
	errno = number;
	return -1;
}

static int
replace(const struct spool *sp, enum queue queue, const char *name,
    const struct buf *text, const uid_t *reader, struct why *why)
{
	char hidden[NAME_MAX + 1];
	struct spool_place place;
	/*
	 * Of one name for all, a large directory has one block to write; but
	 * where others create files they could be in its way.
	 */
	bool shared = queue == QUEUE_tmp;
	int result;

	if (spool_place(sp, queue, name, true, &place, why) == -1)
		return -1;
	if (snprintf(hidden, sizeof(hidden), "%s%s", shared ? "." :
	    SPOOL_REPLACING, shared ? place.name : "") >=
	    (int)sizeof(hidden)) {
		errno = ENAMETOOLONG;
		result = -1;
	} else
		result = replace_in(place.fd, hidden, place.name, text->data,
		    text->len, reader);
	if (result == -1)
		(void)why_errno(why, "write %s/%s", queue_name(queue), name);
	spool_place_close(&place);
	return result == -1 ? -1 : 1;
}

int
spool_replace(const struct spool *sp, enum queue queue, const char *name,
    const void *data, size_t length, struct why *why)
{
	const struct buf text = { .data = (char *)(uintptr_t)data,
		.len = length };

	return replace(sp, queue, name, &text, FOR_OWNER, why);
}

int
spool_replace_for(const struct spool *sp, enum queue queue, const char *name,
    const void *data, size_t length, uid_t reader, struct why *why)
{
	const struct buf text = { .data = (char *)(uintptr_t)data,
		.len = length };

	return replace(sp, queue, name, &text, &reader, why);
}

/*
 * Where the last whole line of a file of `size` bytes ends; 0 if it has none.
 * -1 with errno.
 */
static off_t
last_line_end(int fd, off_t size)
{
	char chunk[4096];

	while (size > 0) {
		off_t from = size > (off_t)sizeof(chunk) ?
		    size - (off_t)sizeof(chunk) : 0;
		ssize_t got = pread(fd, chunk, (size_t)(size - from), from);

		if (got != (ssize_t)(size - from)) {
			if (got >= 0)
				errno = EIO;
			return -1;
		}
		for (; got > 0; got--)
			if (chunk[got - 1] == '\n')
				return from + got;
		size = from;
	}
	return 0;
}

/* Appends to a file of `size` bytes.  0, or -1 with errno and it as it was. */
static int
append_lines(int fd, off_t size, const void *data, size_t length)
{
	off_t end = last_line_end(fd, size);
	int number;

	if (end == -1)
		return -1;
	if (end < size && ftruncate(fd, end) == -1)
		return -1;
	if (write_all(fd, data, length) == 0)
		return 0;
	number = errno;
	/* If even this fails, the next append or reader leaves it out. */
	if (ftruncate(fd, end) == -1 && number == ENOSPC)
		number = errno;
	errno = number;
	return -1;
}

int
spool_overwrite(const struct spool *sp, enum queue queue, const char *name,
    const void *data, size_t length, struct why *why)
{
	struct spool_place place;
	int fd, result = 1;

	if (spool_place(sp, queue, name, false, &place, why) == -1)
		return why->number == ENOENT ? 0 : -1;
	fd = spool_openat(place.fd, place.name, O_WRONLY);
	if (fd == -1)
		result = errno == ENOENT ? 0 : why_errno(why, "open %s/%s",
		    queue_name(queue), name);
	spool_place_close(&place);
	if (fd == -1)
		return result;
	if (write_all(fd, data, length) == -1)
		result = why_errno(why, "write %s/%s", queue_name(queue),
		    name);
	if (close(fd) == -1 && result == 1)
		result = why_errno(why, "write %s/%s", queue_name(queue),
		    name);
	return result;
}

int
spool_append_open(int fd, enum queue queue, const char *name,
    const void *data, size_t length, struct why *why)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return why_errno(why, "look at %s/%s", queue_name(queue), name);
	if (!S_ISREG(st.st_mode))
		return why_set(why, ERROR_PAYLOAD_UNREADABLE,
		    "%s/%s is no regular file", queue_name(queue), name);
	if (st.st_nlink == 0)
		return 0;
	if (length > 0 && append_lines(fd, st.st_size, data, length) == -1)
		return why_errno(why, "append to %s/%s", queue_name(queue),
		    name);
	return 1;
}

/* Sets the mtime that a file had, if it is to come.  1, or -1 with *why. */
static int
keep_time(int fd, const struct stat *before, enum queue queue,
    const char *name, struct why *why)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
	    before->st_mtim };

	if (clock_from_timespec(before->st_mtim) > clock_wall() &&
	    futimens(fd, times) == -1)
		return why_errno(why, "set the time of %s/%s",
		    queue_name(queue), name);
	return 1;
}

static int
append(const struct spool *sp, enum queue queue, const char *name,
    bool note, const void *data, size_t length, struct why *why)
{
	struct stat before = { 0 };
	struct spool_place place;
	int fd, number, result;

	if (spool_place(sp, queue, name, false, &place, why) == -1)
		return why->number == ENOENT ? 0 : -1;
	fd = spool_openat(place.fd, place.name, O_RDWR | O_APPEND);
	number = errno;
	spool_place_close(&place);
	if (fd == -1 && number == ENOENT)
		return 0;
	errno = number;
	if (fd == -1)
		return why_errno(why, "open %s/%s", queue_name(queue), name);
	/* What cannot be looked at cannot be appended to. */
	(void)fstat(fd, &before);
	result = spool_append_open(fd, queue, name, data, length, why);
	if (result == 1 && note)
		result = keep_time(fd, &before, queue, name, why);
	if (close(fd) == -1 && result == 1)
		result = why_errno(why, "append to %s/%s", queue_name(queue),
		    name);
	return result;
}

int
spool_append(const struct spool *sp, enum queue queue, const char *name,
    const void *data, size_t length, struct why *why)
{
	return append(sp, queue, name, false, data, length, why);
}

int
spool_append_note(const struct spool *sp, enum queue queue, const char *name,
    const void *data, size_t length, struct why *why)
{
	return append(sp, queue, name, true, data, length, why);
}
