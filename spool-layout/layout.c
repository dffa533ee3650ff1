/*
 * layout - creates and checks an organization's directories
 *
 * Everything is done through descriptors, beneath the directory that the
 * caller opened, and a symbolic link where a directory should be is a
 * difference, never followed.  Modes are those of a private instance: one user
 * runs it, owns it, and nobody else may look into it.
 */
#include <sys/stat.h>
#include <sys/statfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spool-layout/layout.h"

#define ORGANIZATION_MODE 0700
#define MODE_BITS 07777

/* From linux/magic.h and each file system's own header. */
#define MAGIC_EXT4 0xef53
#define MAGIC_XFS 0x58465342
#define MAGIC_BTRFS 0x9123683e
#define MAGIC_TMPFS 0x01021994

static const struct {
	const char	*name;
	const char	*what;
	mode_t		 mode;
	bool		 tickets;
} queues[QUEUES] = {
#define QUEUE(name, mode, private_mode, tickets, what) \
	[QUEUE_##name] = { #name, what, private_mode, tickets },
#include "spool-layout/queues.def"
#undef QUEUE
};

/* A check under way. */
struct check {
	const char	*org;
	bool		 fix;
	layout_found	*found;
	void		*arg;
	int		 remaining;
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

/*
 * Creates a directory with exactly that mode, whatever the umask is.  Returns
 * 0, also if something of that name exists, which is left as it is.
 */
static int
directory_create(int at, const char *name, mode_t mode, struct why *why)
{
	if (mkdirat(at, name, mode) == -1)
		return errno == EEXIST ? 0 :
		    why_errno(why, "create directory %s", name);
	if (fchmodat(at, name, mode, 0) == -1)
		return why_errno(why, "set the mode of %s", name);
	return 0;
}

static int
directory_open(int at, const char *name, struct why *why)
{
	int fd;

	fd = openat(at, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return why_errno(why, "open directory %s", name);
	return fd;
}

int
layout_create(int spool_dir, const char *org, struct why *why)
{
	int result = 0;
	int fd;

	if (directory_create(spool_dir, org, ORGANIZATION_MODE, why) == -1)
		return -1;
	if ((fd = directory_open(spool_dir, org, why)) == -1)
		return -1;
	for (int i = 0; i < QUEUES && result == 0; i++)
		result = directory_create(fd, queues[i].name, queues[i].mode,
		    why);
	close(fd);
	return result;
}

/* Says a difference; it remains unless `fixed`. */
static void
check_found(struct check *check, bool fixed, const char *name,
    const char *words)
{
	char line[512];

	(void)snprintf(line, sizeof(line), "%s%s%s %s%s", check->org,
	    *name != '\0' ? "/" : "", name, words, fixed ? " (mended)" : "");
	check->found(check->arg, line);
	if (!fixed)
		check->remaining++;
}

/*
 * Compares one directory with what it should be; `name` is "" for the
 * organization's own, which is `.` in `at` then.  Returns 0, or -1 with *why.
 */
static int
check_directory(struct check *check, int at, const char *name, mode_t mode,
    dev_t device, struct why *why)
{
	const char *entry = *name != '\0' ? name : ".";
	char words[128];
	struct stat st;
	bool fixed;

	if (fstatat(at, entry, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno != ENOENT)
			return why_errno(why, "look at %s/%s", check->org,
			    entry);
		fixed = check->fix;
		if (fixed && directory_create(at, entry, mode, why) == -1)
			return -1;
		check_found(check, fixed, name, "is missing");
		return 0;
	}
	if (!S_ISDIR(st.st_mode)) {
		check_found(check, false, name, "is no directory");
		return 0;
	}
	if (st.st_dev != device)
		check_found(check, false, name,
		    "is on another file system than the spool");
	if (st.st_uid != geteuid()) {
		(void)snprintf(words, sizeof(words),
		    "belongs to uid %ju instead of %ju", (uintmax_t)st.st_uid,
		    (uintmax_t)geteuid());
		check_found(check, false, name, words);
		return 0;
	}
	if ((st.st_mode & MODE_BITS) == mode)
		return 0;
	(void)snprintf(words, sizeof(words), "has mode %04o instead of %04o",
	    (unsigned)(st.st_mode & MODE_BITS), (unsigned)mode);
	if (check->fix && fchmodat(at, entry, mode, 0) == -1)
		return why_errno(why, "set the mode of %s/%s", check->org,
		    entry);
	check_found(check, check->fix, name, words);
	return 0;
}

/* What the table does not know.  Dot files are somebody's own business. */
static int
check_strangers(struct check *check, int fd, struct why *why)
{
	struct dirent *entry;
	int again;
	DIR *dir;

	again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (again == -1 || (dir = fdopendir(again)) == NULL) {
		(void)why_errno(why, "read directory %s", check->org);
		if (again != -1)
			close(again);
		return -1;
	}
	while ((errno = 0, entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    queue_by_name(entry->d_name) == -1)
			check_found(check, false, entry->d_name,
			    "is none of the spool's directories");
	if (errno != 0)
		(void)why_errno(why, "read directory %s", check->org);
	again = errno != 0 ? -1 : 0;
	closedir(dir);
	return again;
}

int
layout_check(int spool_dir, const char *org, bool fix, layout_found *found,
    void *arg, struct why *why)
{
	struct check check = { .org = org, .fix = fix, .found = found,
	    .arg = arg };
	struct stat st;
	int result = -1;
	int fd;

	fd = openat(spool_dir, org,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT) {
		if (fix && layout_create(spool_dir, org, why) == -1)
			return -1;
		check_found(&check, fix, "", "is missing");
		return check.remaining;
	}
	if (fd == -1)
		return why_errno(why, "open directory %s", org);
	if (fstat(fd, &st) == -1) {
		(void)why_errno(why, "look at %s", org);
		goto out;
	}
	if (check_directory(&check, fd, "", ORGANIZATION_MODE, st.st_dev,
	    why) == -1)
		goto out;
	for (int i = 0; i < QUEUES; i++)
		if (check_directory(&check, fd, queues[i].name,
		    queues[i].mode, st.st_dev, why) == -1)
			goto out;
	if (check_strangers(&check, fd, why) == 0)
		result = check.remaining;
out:
	close(fd);
	return result;
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
