/*
 * local_place - the directories that files are written to
 *
 * Every step down is an openat2(2) of one name that follows no link, and each
 * directory that is reached is compared with spoold's own, whatever it is
 * called there.  The destination's directory itself is never made: it may be
 * where a file system is yet to be mounted.
 */
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/beneath.h"
#include "lib/lines.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "workers/storage/local.h"

#define OWN_MAX 8
#define GROUPS_MAX 256
#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

struct local {
	char		**allow;	/* own; the last is NULL */
	struct {
		dev_t	 device;
		ino_t	 inode;
	}		 own[OWN_MAX];
	size_t		 own_count;
	struct {
		char	*name;		/* own */
		gid_t	 id;
	}		 groups[GROUPS_MAX];	/* that it is in */
	size_t		 group_count;
};

/* --- the beginning -------------------------------------------------------- */

/* True if it is one of spoold's own directories, or within it. */
static bool
is_own(const char *path, char *const *own, size_t count)
{
	char *real = realpath(path, NULL);
	bool found = false;

	for (size_t i = 0; i < count && real != NULL && !found; i++) {
		char *other = realpath(own[i], NULL);

		found = other != NULL && is_beneath(real, other);
		free(other);
	}
	free(real);
	return found;
}

static void
note_own(struct local *local, const char *path)
{
	struct stat st;

	if (local->own_count == OWN_MAX || stat(path, &st) == -1)
		return;
	local->own[local->own_count].device = st.st_dev;
	local->own[local->own_count++].inode = st.st_ino;
}

static size_t
length_without_slashes(const char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	return length;
}

/* The names of groups are looked up while files may still be read. */
static void
note_groups(struct local *local)
{
	gid_t ids[GROUPS_MAX];
	int count = getgroups(GROUPS_MAX - 1, ids);

	if (count < 0)
		count = 0;
	ids[count++] = getegid();
	for (int i = 0; i < count; i++) {
		const struct group *group = getgrgid(ids[i]);

		if (group == NULL)
			continue;
		local->groups[local->group_count].name =
		    xstrdup(group->gr_name);
		local->groups[local->group_count++].id = ids[i];
	}
}

struct local *
local_new(const char *allow, const char *own)
{
	struct local *local = xcalloc(1, sizeof(*local));
	size_t allow_count, own_count, kept = 0;
	char **all = lines_split(allow, &allow_count);
	char **owns = lines_split(own, &own_count);

	local->allow = xcalloc(allow_count + 1, sizeof(*local->allow));
	for (size_t i = 0; i < allow_count; i++)
		if (all[i][0] != '/' || is_own(all[i], owns, own_count))
			log_warning("local_allow: %s is left out: it must be "
			    "absolute, and not within a directory of spoold's",
			    all[i]);
		else
			local->allow[kept++] = xstrndup(all[i],
			    length_without_slashes(all[i]));
	for (size_t i = 0; i < own_count; i++)
		note_own(local, owns[i]);
	note_groups(local);
	lines_free(all, allow_count);
	lines_free(owns, own_count);
	return local;
}

const char *const *
local_directories(const struct local *local)
{
	return (const char *const *)local->allow;
}

/* --- trouble -------------------------------------------------------------- */

static const struct {
	int		 number;
	enum error	 error;
	const char	*words;		/* what would help */
} troubles[] = {
	{ ENOSPC, ERROR_REMOTE_FULL, "make room there" },
	{ EDQUOT, ERROR_REMOTE_FULL, "its quota is used up" },
	{ EACCES, ERROR_CONFIG_ERROR,
	    "let spoold's user read and write there" },
	{ EPERM, ERROR_CONFIG_ERROR,
	    "let spoold's user read and write there" },
	{ EROFS, ERROR_CONFIG_ERROR, "mount it for writing" },
	{ ELOOP, ERROR_CONFIG_ERROR, "a symbolic link is not followed" },
	{ ENOTDIR, ERROR_CONFIG_ERROR, "what has that name is none" },
	{ ENOENT, ERROR_CONFIG_ERROR, "make or mount it" },
	{ ENAMETOOLONG, ERROR_VALIDATION_ERROR,
	    "a name in the path is too long for it" },
};

int
local_trouble(struct why *why, const char *what)
{
	int number = errno;

	for (size_t i = 0; i < sizeof(troubles) / sizeof(*troubles); i++) {
		if (troubles[i].number != number)
			continue;
		(void)why_set(why, troubles[i].error, "%s: %s: %s", what,
		    strerror(number), troubles[i].words);
		why->number = number;
		return -1;
	}
	(void)why_errno(why, "%s", what);
	why->code = ERROR_UNAVAILABLE;
	return -1;
}

/* --- directories ---------------------------------------------------------- */

int
local_openat(int directory, const char *name, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
		.mode = flags & O_CREAT ? 0600 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		    RESOLVE_NO_MAGICLINKS,
	};

	/* glibc has no wrapper for it. */
	return (int)syscall(SYS_openat2, directory, name, &how, sizeof(how));
}

static gid_t
group_of(const struct local *local, const char *name)
{
	for (size_t i = 0; name != NULL && i < local->group_count; i++)
		if (strcmp(local->groups[i].name, name) == 0)
			return local->groups[i].id;
	return (gid_t)-1;
}

/* Who may read a directory may go through it, too. */
static mode_t
directory_mode(mode_t mode)
{
	return mode | ((mode & 0444) >> 2);
}

int
local_own(const struct local *local, const struct local_config *config,
    int fd, bool directory, struct why *why)
{
	gid_t group = group_of(local, config->group);

	if (config->group != NULL && group == (gid_t)-1)
		return why_set(why, ERROR_CONFIG_ERROR, "the destination's "
		    "config.group is none that spoold is in");
	if (config->group != NULL && fchown(fd, (uid_t)-1, group) == -1)
		return local_trouble(why, "chown(2) to config.group");
	if (fchmod(fd, directory ? directory_mode(config->mode) :
	    config->mode) == -1)
		return local_trouble(why, "chmod(2)");
	return 0;
}

/* Not one of spoold's own; takes the descriptor. */
static int
directory_check(const struct local *local, int fd, struct why *why)
{
	struct stat st;
	int result = fstat(fd, &st);

	if (result == -1)
		(void)local_trouble(why, "look at a directory");
	for (size_t i = 0; i < local->own_count && result == 0; i++)
		if (local->own[i].device == st.st_dev &&
		    local->own[i].inode == st.st_ino)
			result = why_set(why, ERROR_CONFIG_ERROR, "the path "
			    "leads into a directory of spoold's own");
	if (result == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* Made durably: what is written beneath it shall be found again. */
static int
directory_make(const struct local *local, const struct local_config *config,
    int parent, const char *name, struct why *why)
{
	int fd;

	if (mkdirat(parent, name, directory_mode(config->mode)) == -1 &&
	    errno != EEXIST)
		return local_trouble(why, "make a directory");
	fd = local_openat(parent, name, DIRECTORY);
	if (fd == -1)
		return local_trouble(why, "open a directory");
	if (local_own(local, config, fd, true, why) == -1) {
		(void)close(fd);
		return -1;
	}
	if (fsync(parent) == -1) {
		(void)local_trouble(why, "sync a directory");
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* One name down; `parent` is closed.  Without `config` nothing is made. */
static int
directory_enter(const struct local *local, const struct local_config *config,
    int parent, const char *name, struct why *why)
{
	int fd = local_openat(parent, name, DIRECTORY);

	if (fd == -1 && errno == ENOENT && config != NULL)
		fd = directory_make(local, config, parent, name, why);
	else if (fd == -1 && errno == ENOENT) {
		(void)why_set(why, ERROR_CONFIG_ERROR,
		    "config.directory is not there: make or mount it");
		why->number = ENOENT;
	} else if (fd == -1)
		(void)local_trouble(why, config != NULL ? "open a directory" :
		    "the destination's config.directory");
	(void)close(parent);
	return fd == -1 ? -1 : directory_check(local, fd, why);
}

/* All names but the last; *name_r is that one. */
static int
directory_walk(const struct local *local, const struct local_config *config,
    int fd, const char *path, const char **name_r, struct why *why)
{
	char name[NAME_MAX + 1];

	while (fd != -1 && strchr(path, '/') != NULL) {
		size_t length = strcspn(path, "/");

		if (length > NAME_MAX) {
			errno = ENAMETOOLONG;
			(void)close(fd);
			return local_trouble(why, "the path");
		}
		memcpy(name, path, length);
		name[length] = '\0';
		fd = directory_enter(local, config, fd, name, why);
		path += length + 1;
	}
	*name_r = path;
	return fd;
}

int
local_open(const struct local *local, const struct local_config *config,
    struct why *why)
{
	const char *directory = config->directory, *last;
	char *const *allow = local->allow;
	int fd;

	while (*allow != NULL && !is_beneath(directory, *allow))
		allow++;
	if (*allow == NULL)
		return why_set(why, ERROR_CONFIG_ERROR, "the destination's "
		    "config.directory is not beneath a directory of the "
		    "organization's local_allow");
	fd = open(*allow, DIRECTORY);
	if (fd == -1)
		return local_trouble(why, "a directory of local_allow");
	directory += strlen(*allow);
	fd = directory_check(local, fd, why);
	if (fd == -1 || *directory == '\0')
		return fd;
	fd = directory_walk(local, NULL, fd, directory + 1, &last, why);
	return fd == -1 ? -1 : directory_enter(local, NULL, fd, last, why);
}

int
local_descend(const struct local *local, const struct local_config *config,
    int base, const char *path, const char **name_r, struct why *why)
{
	return directory_walk(local, config, base, path, name_r, why);
}
