/*
 * instance_place - the directories of an instance
 *
 * The spools' has to be passed through by who drops jobs, that of the control
 * socket reached by who asks; what one may do there is decided further down.
 * The others are spoold's alone, the log its group's to read.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/instance.h"
#include "lib/xalloc.h"

#define MODE_BITS 07777
#define ABOVE_MODE 0755

static const struct {
	size_t	 path;		/* its field in the configuration */
	mode_t	 mode;
} rows[PLACES] = {
	[PLACE_spool] = { offsetof(struct conf, top_spool_directory), 0711 },
	[PLACE_state] = { offsetof(struct conf, top_state_directory), 0700 },
	[PLACE_log] = { offsetof(struct conf, top_log_directory), 0750 },
	[PLACE_run] = { offsetof(struct conf, top_run_directory), 0755 },
	[PLACE_key] = { offsetof(struct conf, top_key_directory), 0700 },
};

const char *
place_path(const struct conf *conf, enum place place)
{
	return *(char *const *)(const void *)((const char *)conf +
	    rows[place].path);
}

/*
 * Whoever owns what is above a directory can have another one given away in
 * its place, so it has to be root's: as a link and as what it leads to.
 */
static int
check_above(const char *above, struct why *why)
{
	struct stat link, st;

	if (lstat(above, &link) == -1 || stat(above, &st) == -1)
		return why_errno(why, "look at %s", above);
	if (link.st_uid == 0 && st.st_uid == 0)
		return 0;
	return why_set(why, ERROR_CONFIG_ERROR, "%s is not root's, and what "
	    "is below it cannot be made by root: name another directory, or "
	    "chown it", above);
}

/* All that a path leads through, root's. */
static int
make_above(const char *path, struct why *why)
{
	char *above = xstrdup(path), *slash = above;
	int result = 0;

	while (result == 0 && (slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		if (mkdir(above, ABOVE_MODE) == 0) {
			if (chmod(above, ABOVE_MODE) == -1)
				result = why_errno(why, "set the mode of %s",
				    above);
		} else if (errno != EEXIST)
			result = why_errno(why, "create directory %s", above);
		if (result == 0)
			result = check_above(above, why);
		*slash = '/';
	}
	free(above);
	return result;
}

/* What is right already needs no right to be changed: a unit may have none. */
static int
fd_give(int fd, const struct account *account, mode_t mode)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if ((st.st_uid != account->uid || st.st_gid != account->gid) &&
	    fchown(fd, account->uid, account->gid) == -1)
		return -1;
	return (st.st_mode & MODE_BITS) == mode ? 0 : fchmod(fd, mode);
}

int
place_make(const struct conf *conf, enum place place,
    const struct account *account, struct why *why)
{
	const char *path = place_path(conf, place);
	int fd, result;

	if (make_above(path, why) == -1)
		return -1;
	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return why_errno(why, "create directory %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return why_errno(why, "open directory %s", path);
	result = fd_give(fd, account, rows[place].mode);
	if (result == -1)
		(void)why_errno(why, "give directory %s its owner", path);
	close(fd);
	return result;
}

int
place_check(const struct conf *conf, enum place place, uid_t owner,
    char *words, size_t size)
{
	const char *path = place_path(conf, place);
	struct stat st;

	if (stat(path, &st) == -1)
		(void)snprintf(words, size, "%s: %s", path, strerror(errno));
	else if (st.st_uid != owner)
		(void)snprintf(words, size, "%s belongs to uid %ju, not to "
		    "%ju", path, (uintmax_t)st.st_uid, (uintmax_t)owner);
	else if ((st.st_mode & 022) != 0)
		(void)snprintf(words, size, "%s can be written by others: "
		    "chmod go-w", path);
	else if (instance_is_shared(conf) &&
	    (st.st_mode & MODE_BITS) != rows[place].mode)
		(void)snprintf(words, size, "%s has mode %04o instead of "
		    "%04o", path, (unsigned)(st.st_mode & MODE_BITS),
		    (unsigned)rows[place].mode);
	else
		return 1;
	return 0;
}
