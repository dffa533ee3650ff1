/*
 * spool_list - walking a queue in pieces
 *
 * Each walk has a descriptor of its own (a directory's read position belongs
 * to the descriptor), so that any number can be under way at once.  readdir(3)
 * promises nothing about names that come or go meanwhile: a name that is
 * missing from a walk has to be looked up before it counts as gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/spool.h"
#include "lib/spool_place.h"
#include "lib/xalloc.h"

struct spool_list {
	DIR		*queue;		/* own */
	DIR		*day;		/* own; NULL: not in one */
	bool		 days;		/* the queue has some */
	char		 last[CLOCK_DAY];	/* of those, or "": all */
	bool		 all;		/* also names with a dot before them */
	bool		 failed;	/* it ended early */
	char		 day_name[NAME_MAX + 1];
};

/* A new descriptor's stream, or NULL with errno. */
static DIR *
directory_stream(int at, const char *name)
{
	int fd, number;
	DIR *dir;

	fd = spool_openat(at, name, O_RDONLY | O_DIRECTORY);
	if (fd == -1)
		return NULL;
	dir = fdopendir(fd);
	if (dir == NULL) {
		number = errno;
		close(fd);
		errno = number;
	}
	return dir;
}

struct spool_list *
spool_list(const struct spool *sp, enum queue queue, struct why *why)
{
	struct spool_list *list;
	DIR *dir;

	dir = directory_stream(sp->queues[queue], ".");
	if (dir == NULL) {
		(void)why_errno(why, "read %s/", queue_name(queue));
		return NULL;
	}
	list = xcalloc(1, sizeof(*list));
	list->queue = dir;
	list->days = queue_has_days(queue);
	return list;
}

struct spool_list *
spool_list_until(const struct spool *sp, enum queue queue, const char *day,
    struct why *why)
{
	struct spool_list *list = spool_list(sp, queue, why);

	if (list != NULL)
		(void)snprintf(list->last, sizeof(list->last), "%s", day);
	return list;
}

struct spool_list *
spool_list_all(const struct spool *sp, enum queue queue, struct why *why)
{
	struct spool_list *list = spool_list(sp, queue, why);

	if (list != NULL)
		list->all = true;
	return list;
}

static bool
is_passed_over(const struct spool_list *list, const char *name)
{
	return name[0] == '.' && (!list->all || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0);
}

/* The next name in one directory, or NULL. */
static const char *
next_name(struct spool_list *list, DIR *dir)
{
	struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(dir);
	} while (entry != NULL && is_passed_over(list, entry->d_name));
	if (entry == NULL && errno != 0)
		list->failed = true;
	return entry != NULL ? entry->d_name : NULL;
}

/* Leaves the day that is open, if one is. */
static void
leave_day(struct spool_list *list)
{
	if (list->day != NULL)
		closedir(list->day);
	list->day = NULL;
	list->day_name[0] = '\0';
}

/* True for a day that is not asked for. */
static bool
is_later(const struct spool_list *list, const char *name)
{
	return list->last[0] != '\0' && strcmp(name, list->last) > 0;
}

/* Enters a day; false if it is no directory, or has gone meanwhile. */
static bool
enter_day(struct spool_list *list, const char *name)
{
	list->day = directory_stream(dirfd(list->queue), name);
	if (list->day == NULL)
		return false;
	memcpy(list->day_name, name, strlen(name) + 1);
	return true;
}

const char *
spool_list_next(struct spool_list *list, const char **day_r)
{
	const char *name;

	for (;;) {
		if (list->day != NULL) {
			name = next_name(list, list->day);
			if (name != NULL)
				break;
			leave_day(list);
		}
		do
			name = next_name(list, list->queue);
		while (name != NULL && is_later(list, name));
		if (name == NULL || !list->days || !enter_day(list, name))
			break;
	}
	if (day_r != NULL)
		*day_r = list->day_name;
	return name;
}

bool
spool_list_failed(const struct spool_list *list)
{
	return list->failed;
}

void
spool_list_free(struct spool_list **list)
{
	struct spool_list *old = *list;

	if (old == NULL)
		return;
	leave_day(old);
	closedir(old->queue);
	free(old);
	*list = NULL;
}
