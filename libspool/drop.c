/*
 * drop - leaving a job in the spool as any client does
 *
 * For one drop its files and their directories are synced, for several one
 * syncfs(2) of the file system costs less.  The id is computed before the
 * rename, which changes nothing that it is made from but the name: a moment
 * later spoold may have moved the file on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/hex.h"
#include "lib/log.h"
#include "lib/write.h"
#include "lib/xalloc.h"

#include "libspool/drop.h"

#define DROP_CHUNK 1048576
#define DROP_KERNEL_CHUNK 67108864
#define DROP_SUFFIX 9		/* `-` and 8 hex digits */
#define DROP_TRIES 16

void
drop_unique(char out[DROP_UNIQUE])
{
	unsigned char bytes[(DROP_UNIQUE - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		log_fatal(70, "getrandom: %s", strerror(errno));
	hex_format(bytes, sizeof(bytes), out);
}

/*
 * The next part, by the kernel where it can (a reflink needs no space), else
 * through memory.  Returns how much, 0 at the end, -1 with *why.
 */
static ssize_t
copy_part(int source, int target, char *chunk, bool *by_kernel,
    struct why *why)
{
	ssize_t n;

	if (*by_kernel) {
		n = copy_file_range(source, NULL, target, NULL,
		    DROP_KERNEL_CHUNK, 0);
		if (n > 0)
			return n;
		/* /proc files and pipes answer 0 or an error: read them. */
		*by_kernel = false;
	}
	do
		n = read(source, chunk, DROP_CHUNK);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return why_errno(why, "read the payload");
	if (write_all(target, chunk, (size_t)n) == -1)
		return why_errno(why, "write the payload to data/");
	return n;
}

static int
copy_all(const struct drop_source *source, int target, struct why *why)
{
	char *chunk = xmalloc(DROP_CHUNK);
	bool by_kernel = true;
	int64_t total = 0;
	ssize_t n;

	while ((n = copy_part(source->fd, target, chunk, &by_kernel,
	    why)) > 0) {
		total += n;
		if (source->progress != NULL)
			source->progress(source->arg, total);
		if (total > source->max) {
			n = why_set(why, ERROR_PAYLOAD_TOO_LARGE,
			    "the payload is larger than max_payload_size, %lld "
			    "bytes", (long long)source->max);
			break;
		}
	}
	free(chunk);
	return n == -1 ? -1 : 0;
}

/*
 * In a spool that is shared its ACL says that spoold may read a file, as far as
 * the mode with which it is made lets it; elsewhere the mode stays.
 */
static int
file_let_read(int fd, struct why *why)
{
	if (fgetxattr(fd, "system.posix_acl_access", NULL, 0) > 0 &&
	    fchmod(fd, 0640) == -1)
		return why_errno(why, "let spoold read what is dropped");
	return 0;
}

int
drop_payload(const struct spool *spool, struct drop *drop,
    const struct drop_source *source, struct why *why)
{
	int dir = spool_directory(spool, QUEUE_data), target, done;

	drop_unique(drop->data);
	target = openat(dir, drop->data, O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (target == -1) {
		(void)why_errno(why, "create a file in data/");
		drop->data[0] = '\0';
		return -1;
	}
	done = file_let_read(target, why);
	if (done == 0)
		done = copy_all(source, target, why);
	if (close(target) == -1 && done == 0)
		done = why_errno(why, "close data/%s", drop->data);
	if (done == -1) {
		(void)unlinkat(dir, drop->data, 0);
		drop->data[0] = '\0';
	}
	return done;
}

int
drop_write(const struct spool *spool, struct drop *drop, const char *stem,
    const char *text, size_t length, struct why *why)
{
	int created, fd, done;

	(void)snprintf(drop->name, sizeof(drop->name), "%s.json", stem);
	drop_unique(drop->temporary);
	created = spool_create(spool, QUEUE_tmp, drop->temporary, text, length,
	    why);
	if (created == 0)
		return why_set(why, ERROR_CONFLICT, "tmp/%s exists",
		    drop->temporary);
	if (created == -1)
		return -1;
	fd = spool_open_file(spool, QUEUE_tmp, drop->temporary, why);
	if (fd == -1)
		return -1;
	done = file_let_read(fd, why);
	close(fd);
	return done;
}

/*
 * Who may only drop can read none of the directories, so cannot sync them, but
 * all of their file system he can.
 */
static int
blind_sync(const struct spool *spool, struct why *why)
{
	int fd = openat(spool_directory(spool, QUEUE_tmp), ".",
	    O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	int done = 0;

	if (fd == -1)
		return why_errno(why, "create a file in tmp/");
	if (syncfs(fd) == -1)
		done = why_errno(why, "sync the spool");
	close(fd);
	return done;
}

static int
directory_sync(const struct spool *spool, enum queue queue, struct why *why)
{
	if (fsync(spool_directory(spool, queue)) == 0)
		return 0;
	return errno == EBADF ? blind_sync(spool, why) :
	    why_errno(why, "sync %s/", queue_name(queue));
}

static int
file_sync(const struct spool *spool, enum queue queue, const char *name,
    struct why *why)
{
	int fd = spool_open_file(spool, queue, name, why), done = 0;

	if (fd == -1)
		return -1;
	if (fsync(fd) == -1)
		done = why_errno(why, "sync %s/%s", queue_name(queue), name);
	close(fd);
	return done == 0 ? directory_sync(spool, queue, why) : -1;
}

int
drop_sync(const struct spool *spool, const struct drop *drops, size_t count,
    struct why *why)
{
	if (count > 1) {
		if (syncfs(spool_directory(spool, QUEUE_tmp)) == 0)
			return 0;
		return errno == EBADF ? blind_sync(spool, why) :
		    why_errno(why, "sync the spool");
	}
	if (count == 1 && drops->data[0] != '\0' &&
	    file_sync(spool, QUEUE_data, drops->data, why) == -1)
		return -1;
	return count == 0 ? 0
	    : file_sync(spool, QUEUE_tmp, drops->temporary, why);
}

/* `report-17.json` becomes `report-17-1a2b3c4d.json`. */
static void
name_vary(struct drop *drop, const char *first)
{
	char unique[DROP_UNIQUE];
	size_t length = strlen(first) - strlen(".json");

	if (length > DROP_NAME_MAX - strlen(".json") - DROP_SUFFIX)
		length = 0;
	drop_unique(unique);
	(void)snprintf(drop->name, sizeof(drop->name), "%.*s%s%.8s.json",
	    (int)length, first, length == 0 ? "" : "-", unique);
}

int
drop_rename(const struct spool *spool, struct drop *drop, struct why *why)
{
	char first[DROP_NAME_MAX + 1];
	struct statx stat;
	int moved = 0, tries;

	memcpy(first, drop->name, sizeof(first));
	if (spool_stat(spool, QUEUE_tmp, drop->temporary, &stat, why) == -1)
		return -1;
	for (tries = 0; tries < DROP_TRIES; tries++) {
		moved = spool_move(spool, QUEUE_tmp, drop->temporary,
		    QUEUE_new, drop->name, why);
		if (moved != -1 || why->number != EEXIST)
			break;
		name_vary(drop, first);
	}
	if (moved == 0)
		return why_set(why, ERROR_UNAVAILABLE,
		    "tmp/%s went away before it was dropped",
		    drop->temporary);
	if (moved == -1)
		return -1;
	drop->dropped = true;
	id_make(spool_organization(spool), drop->name, &stat, &drop->id);
	return 0;
}

int
drop_finish(const struct spool *spool, struct why *why)
{
	return directory_sync(spool, QUEUE_new, why);
}

/* What cannot be removed is purged from tmp/ and data/ in time. */
void
drop_abandon(const struct spool *spool, const struct drop *drop)
{
	struct why why;

	if (drop->dropped)
		return;
	if (drop->temporary[0] != '\0')
		(void)spool_remove(spool, QUEUE_tmp, drop->temporary, &why);
	if (drop->data[0] != '\0')
		(void)spool_remove(spool, QUEUE_data, drop->data, &why);
}

/* That it is gone counts at once; new/ was not synced before, either. */
bool
drop_undo(const struct spool *spool, const struct drop *drop)
{
	struct why why;

	if (spool_remove(spool, QUEUE_new, drop->name, &why) != 1)
		return false;
	if (drop->data[0] != '\0')
		(void)spool_remove(spool, QUEUE_data, drop->data, &why);
	(void)directory_sync(spool, QUEUE_new, &why);
	return true;
}

int
drop_take_back(const struct spool *spool, const struct drop *drop,
    struct why *why)
{
	int removed = spool_remove(spool, QUEUE_new, drop->name, why);

	if (removed != 1)
		return removed;
	if (drop->data[0] != '\0' &&
	    spool_remove(spool, QUEUE_data, drop->data, why) == -1)
		return -1;
	return directory_sync(spool, QUEUE_new, why) == -1 ? -1 : 1;
}
