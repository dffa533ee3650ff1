/*
 * stored_file - the records in an organization's stored/
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/stored_file.h"
#include "lib/xalloc.h"

static int
load(const struct spool *spool, const char *path, struct stored_record *record,
    struct why *why)
{
	char *text;
	ssize_t got;
	int fd, result = -1;

	fd = spool_open_file(spool, QUEUE_stored, path, why);
	if (fd == -1)
		return -1;
	text = xmalloc(STORED_TEXT_MAX);
	got = read(fd, text, STORED_TEXT_MAX);
	if (got == -1)
		(void)why_errno(why, "read stored/%s", path);
	else
		result = stored_read(text, (size_t)got, record, why);
	free(text);
	close(fd);
	return result;
}

int
stored_load(const struct spool *spool, const char *path,
    struct stored_record *record, struct why *why)
{
	const char *name = strrchr(path, '/');

	*record = (struct stored_record) { .sealed = NULL };
	if (name == NULL || stored_parse(name + 1, &record->id,
	    record->destination) == -1)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "stored/%s is no record's name", path);
	return load(spool, path, record, why);
}

static int
see(const struct spool *spool, const char *path, stored_seen *seen, void *arg,
    struct why *why)
{
	struct stored_record record;
	int result;

	result = stored_load(spool, path, &record, why);
	if (result == -1 && why->number == ENOENT)
		return 0;	/* it has just gone */
	result = seen(arg, path, result == -1 ? NULL : &record, why);
	stored_free(&record);
	return result;
}

int
stored_each(const struct spool *spool, stored_seen *seen, void *arg,
    struct why *why)
{
	struct spool_list *list = spool_list(spool, QUEUE_stored, why);
	char destination[DESTINATION_ID_MAX + 1], path[STORED_PATH];
	const char *name, *day;
	struct id id;
	int result = 0;

	if (list == NULL)
		return -1;
	while (result == 0 && (name = spool_list_next(list, &day)) != NULL) {
		if (day[0] == '\0' || strlen(day) >= CLOCK_DAY ||
		    stored_parse(name, &id, destination) == -1)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", day, name);
		result = see(spool, path, seen, arg, why);
	}
	if (result == 0 && spool_list_failed(list))
		result = why_set(why, ERROR_UNAVAILABLE,
		    "stored/ cannot be read to its end");
	spool_list_free(&list);
	return result;
}
