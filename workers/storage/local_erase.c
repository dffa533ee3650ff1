/*
 * local_erase - what was stored is to go
 *
 * A file is what was stored if it bears that mark or, where the file system
 * keeps no marks, is the same inode made at the same time; and if its content
 * is what was delivered, which is read to see.  So a file that somebody else
 * put there stays, were it the same to the byte.
 *
 * A file that is not there is gone; but the directory has to be the one that it
 * was in, for beneath a place where nothing is mounted at the moment there are
 * no files either.  Directories stay, though they be empty.
 */
#include <sys/stat.h>
#include <sys/xattr.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workers/storage/provider.h"

#define SLICE (1024 * 1024)	/* bytes a turn */

/* --- what tells a file from others ---------------------------------------- */

void
local_mark_of(int fd, char out[LOCATOR_MARK])
{
	ssize_t length = fgetxattr(fd, LOCAL_MARK, out, LOCATOR_MARK - 1);

	out[length > 0 ? length : 0] = '\0';
}

uint64_t
local_inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == -1 ? 0 : (uint64_t)st.st_ino;
}

int
local_version_of(uint64_t base_inode, int fd, char out[LOCAL_VERSION],
    struct why *why)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st) == -1)
		return local_trouble(why, "look at a file");
	(void)snprintf(out, LOCAL_VERSION, "%" PRIu64 ".%" PRIu64 ".%" PRId64
	    ".%" PRIu32, base_inode, (uint64_t)st.stx_ino,
	    st.stx_mask & STATX_BTIME ? (int64_t)st.stx_btime.tv_sec : 0,
	    st.stx_mask & STATX_BTIME ? st.stx_btime.tv_nsec : 0);
	return 0;
}

/* The part of a version that is about the file. */
static const char *
version_of_file(const char *version)
{
	return version + strcspn(version, ".");
}

void
local_place(const struct config *config, struct buf *out)
{
	buf_str(out, config->local.directory);
}

/* --- the end -------------------------------------------------------------- */

static void
end_other(struct erasure *erasure)
{
	erasure_end(erasure, ERROR_CONFLICT, 0, "something else has that "
	    "name now, or its content was changed: it was left there");
}

/* Nothing has the name: gone, if the directory is the one that it was in. */
static void
end_missing(struct erasure *erasure, uint64_t base_inode)
{
	const struct erasing *erasing = erasure->state;

	if (strtoull(erasing->locator.version, NULL, 10) == base_inode) {
		erasure_gone(erasure);
		return;
	}
	erasure_end(erasure, ERROR_CONFIG_ERROR, 0, "the destination's "
	    "config.directory is not the one that it was stored in: is it "
	    "mounted?");
}

/* The name may have become another file's while this one was read. */
static bool
has_name_still(const struct local_erasure *local)
{
	struct stat st;

	return fstatat(local->directory, local->name, &st,
	    AT_SYMLINK_NOFOLLOW) == 0 &&
	    (uint64_t)st.st_ino == local_inode_of(local->fd);
}

static void
remove_it(struct erasure *erasure)
{
	struct erasing *erasing = erasure->state;
	struct local_erasure *local = &erasing->local;
	struct why why;

	if (!has_name_still(local))
		end_other(erasure);
	else if (unlinkat(local->directory, local->name, 0) == -1) {
		(void)local_trouble(&why, "remove a file");
		if (why.number == EPERM)	/* chattr +i, +a */
			why.code = ERROR_PERMISSION_DENIED;
		erasure_fail(erasure, &why);
	} else if (fsync(local->directory) == -1) {
		(void)local_trouble(&why, "sync a directory");
		erasure_fail(erasure, &why);
	} else
		erasure_gone(erasure);
}

/* --- reading -------------------------------------------------------------- */

static void
read_slice(struct local_erasures *all, struct erasure *erasure)
{
	struct erasing *erasing = erasure->state;
	struct local_erasure *local = &erasing->local;
	int64_t got = 1, done = 0;
	struct why why;

	while (got > 0 && done < SLICE) {
		got = extent_read(&local->reader,
		    courier_chunk(erasure->courier), COURIER_CHUNK, &why);
		done += got;
	}
	TAILQ_REMOVE(all, erasure, entry);
	if (got > 0) {
		TAILQ_INSERT_TAIL(all, erasure, entry);
		erasure_moved(erasure);
	} else if (got == 0)
		remove_it(erasure);
	else if (why.code == ERROR_PAYLOAD_CHANGED)
		end_other(erasure);
	else
		erasure_fail(erasure, &why);
}

bool
local_turn(struct local_erasures *all)
{
	if (!TAILQ_EMPTY(all))
		read_slice(all, TAILQ_FIRST(all));
	return !TAILQ_EMPTY(all);
}

/* --- the beginning -------------------------------------------------------- */

/* True if the open file is the one that was stored, going by its looks. */
static bool
is_the_one(const struct erasing *erasing)
{
	const struct local_erasure *local = &erasing->local;
	char mark[LOCATOR_MARK], version[LOCAL_VERSION];
	struct stat st;
	struct why why;

	if (fstat(local->fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size != erasing->locator.length)
		return false;
	local_mark_of(local->fd, mark);
	if (mark[0] != '\0')
		return strcmp(mark, erasing->locator.mark) == 0;
	return local_version_of(0, local->fd, version, &why) == 0 &&
	    strcmp(version_of_file(version),
	    version_of_file(erasing->locator.version)) == 0;
}

static void
read_begin(struct erasure *erasure)
{
	struct storage *storage = courier_own(erasure->courier);
	struct erasing *erasing = erasure->state;
	struct local_erasure *local = &erasing->local;

	local->there = (struct extent) {
		.fd = local->fd,
		.length = erasing->locator.length,
		.what = "the file",
		.whole = true,
	};
	memcpy(local->there.sha256, erasure->facts.sha256, SHA256_LENGTH);
	extent_begin(&local->reader, &local->there);
	TAILQ_INSERT_TAIL(&storage->erasures, erasure, entry);
}

/* Opens the directory that it is in.  -1: the erasure has ended. */
static int
open_directory(struct erasure *erasure, uint64_t *base_inode)
{
	const struct storage *storage = courier_own(erasure->courier);
	const struct config *config = erasure->config;
	struct erasing *erasing = erasure->state;
	struct why why;
	int base = local_open(storage->local, &config->local, &why), fd;

	if (base == -1) {
		erasure_fail(erasure, &why);
		return -1;
	}
	*base_inode = local_inode_of(base);
	why.number = 0;
	fd = local_descend(storage->local, NULL, base, erasing->locator.path,
	    &erasing->local.name, &why);
	if (fd == -1 && why.number == ENOENT)
		end_missing(erasure, *base_inode);
	else if (fd == -1 && (why.number == ELOOP || why.number == ENOTDIR))
		end_other(erasure);
	else if (fd == -1)
		erasure_fail(erasure, &why);
	return fd;
}

void
local_erase(struct erasure *erasure)
{
	struct erasing *erasing = erasure->state;
	struct local_erasure *local = &erasing->local;
	uint64_t base_inode = 0;
	struct why why;

	local->directory = open_directory(erasure, &base_inode);
	if (local->directory == -1)
		return;
	local->begun = true;
	local->fd = local_openat(local->directory, local->name,
	    O_RDONLY | O_NONBLOCK);
	if (local->fd == -1 && errno == ENOENT)
		end_missing(erasure, base_inode);
	else if (local->fd == -1 && errno == ELOOP)
		end_other(erasure);
	else if (local->fd == -1) {
		(void)local_trouble(&why, "open what was stored");
		why.code = ERROR_PERMISSION_DENIED;
		erasure_fail(erasure, &why);
	} else if (is_the_one(erasing))
		read_begin(erasure);
	else
		end_other(erasure);
}

void
local_erasure_close(struct erasure *erasure)
{
	struct erasing *erasing = erasure->state;
	struct local_erasure *local = &erasing->local;

	extent_free(&local->reader);
	if (!local->begun)
		return;
	if (local->fd != -1)
		(void)close(local->fd);
	(void)close(local->directory);
}
