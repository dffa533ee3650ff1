/*
 * layout_check - the directories of an organization, compared with the table
 *
 * A symbolic link where a directory should be is a difference, never followed.
 * Where it is mended, root does it beneath what another user owns: so each
 * directory is opened once, and what was opened is looked at and changed.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "spool-layout/directory.h"
#include "spool-layout/layout.h"

#define MODE_BITS 07777

/* A check under way. */
struct check {
	const char	*org;
	bool		 fix, shared;
	layout_found	*found;
	void		*arg;
	int		 remaining;
};

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

/* An owner or a group that is another; mended by root alone. */
static bool
check_id(struct check *check, const char *name, const char *kind, id_t is,
    id_t wanted)
{
	char words[128];

	if (is == wanted)
		return true;
	(void)snprintf(words, sizeof(words), "belongs to %s %ju instead of "
	    "%ju", kind, (uintmax_t)is, (uintmax_t)wanted);
	check_found(check, check->shared && check->fix && geteuid() == 0,
	    name, words);
	return false;
}

static bool
check_mode(struct check *check, const char *name, mode_t is, mode_t wanted)
{
	char words[128];

	if ((is & MODE_BITS) == wanted)
		return true;
	(void)snprintf(words, sizeof(words), "has mode %04o instead of %04o",
	    (unsigned)(is & MODE_BITS), (unsigned)wanted);
	check_found(check, check->fix, name, words);
	return false;
}

/* The ACLs of a shared one: 1 if as they are to be, 0, -1 with *why. */
static int
check_access(struct check *check, int fd, const struct directory *wanted,
    struct why *why)
{
	int result = wanted->shared ? access_is(fd, wanted->access,
	    wanted->owner, why) : 1;

	if (result == 0)
		check_found(check, check->fix, wanted->name,
		    "has an ACL that is not its own");
	return result;
}

/* What is open, compared.  0, or -1 with *why. */
static int
check_open(struct check *check, int fd, const struct directory *wanted,
    dev_t device, struct why *why)
{
	struct stat st;
	bool same;
	int access;

	if (fstat(fd, &st) == -1)
		return why_errno(why, "look at %s/%s", check->org,
		    wanted->name);
	if (st.st_dev != device)
		check_found(check, false, wanted->name,
		    "is on another file system than the spool");
	same = check_id(check, wanted->name, "uid", st.st_uid,
	    wanted->owner);
	if (wanted->shared)
		same = check_id(check, wanted->name, "gid", st.st_gid,
		    wanted->group) && same;
	if (!same && (!wanted->shared || geteuid() != 0))
		return 0;	/* that is root's to mend, and comes first */
	same = check_mode(check, wanted->name, st.st_mode, wanted->mode) &&
	    same;
	access = check_access(check, fd, wanted, why);
	if (access == -1)
		return -1;
	if (!check->fix || (same && access == 1))
		return 0;
	return directory_mend(fd, wanted, why);
}

/*
 * Compares one directory with what it should be; `name` is "" for the
 * organization's own, which is `.` in `at` then.  Returns 0, or -1 with *why.
 */
static int
check_directory(struct check *check, int at, const struct directory *wanted,
    dev_t device, struct why *why)
{
	const char *entry = *wanted->name != '\0' ? wanted->name : ".";
	int fd, result;

	fd = openat(at, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1 && errno == ENOENT) {
		if (check->fix &&
		    directory_create(at, entry, wanted, why) == -1)
			return -1;
		check_found(check, check->fix, wanted->name, "is missing");
		return 0;
	}
	if (fd == -1 && (errno == ENOTDIR || errno == ELOOP)) {
		check_found(check, false, wanted->name, "is no directory");
		return 0;
	}
	if (fd == -1)
		return why_errno(why, "look at %s/%s", check->org, entry);
	result = check_open(check, fd, wanted, device, why);
	close(fd);
	return result;
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

/* All of an organization's, in its open directory. */
static int
check_all(struct check *check, int fd, const struct layout_owners *owners,
    struct why *why)
{
	struct directory wanted = directory_top(owners);
	struct stat st;

	if (fstat(fd, &st) == -1)
		return why_errno(why, "look at %s", check->org);
	if (check_directory(check, fd, &wanted, st.st_dev, why) == -1)
		return -1;
	for (int i = 0; i < QUEUES; i++) {
		wanted = directory_queue((enum queue)i, owners);
		if (check_directory(check, fd, &wanted, st.st_dev, why) == -1)
			return -1;
	}
	return check_strangers(check, fd, why);
}

int
layout_check(int spool_dir, const char *org,
    const struct layout_owners *owners, bool fix, layout_found *found,
    void *arg, struct why *why)
{
	struct check check = { .org = org, .fix = fix,
	    .shared = owners->shared, .found = found, .arg = arg };
	int result;
	int fd;

	fd = openat(spool_dir, org,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT) {
		if (fix && layout_create(spool_dir, org, owners, why) == -1)
			return -1;
		check_found(&check, fix, "", "is missing");
		return check.remaining;
	}
	if (fd == -1)
		return why_errno(why, "open directory %s", org);
	result = check_all(&check, fd, owners, why);
	close(fd);
	return result == -1 ? -1 : check.remaining;
}
