/*
 * refused - drops that were refused: in failed/, with the reason beside them
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/refused.h"
#include "lib/xalloc.h"

#define ERROR_FILE_MAX 65536
#define SUFFIX ".json"

bool
refused_named(const char *name, struct id *id)
{
	size_t length = strlen(name), suffix = strlen(SUFFIX);
	const char *at;

	if (name[0] == '.' || length < ID_LENGTH + suffix ||
	    strcmp(name + length - suffix, SUFFIX) != 0)
		return false;
	at = name + length - suffix - ID_LENGTH;
	return (at == name || at[-1] == '.') && id_parse(at, id) == 0;
}

char *
refused_find(const struct spool *spool, const struct id *id, struct why *why)
{
	struct spool_list *list = spool_list(spool, QUEUE_failed, why);
	const char *name, *day;
	char *result = NULL;
	struct id found;

	if (list == NULL)
		return NULL;
	while (result == NULL && (name = spool_list_next(list, &day)) != NULL)
		if (refused_named(name, &found) && id_compare(&found, id) == 0)
			result = xstrdup(name);
	spool_list_free(&list);
	if (result == NULL)
		(void)why_set(why, ERROR_DELIVERY_NOT_FOUND,
		    "no drop of that id was refused");
	return result;
}

struct json *
refused_error(const struct spool *spool, const char *name, struct why *why)
{
	char *file = xasprintf("%s.error", name), text[ERROR_FILE_MAX];
	int fd = spool_open_file(spool, QUEUE_failed, file, why);
	ssize_t length = fd == -1 ? -1 : read(fd, text, sizeof(text));
	struct json *error = NULL;

	if (length > 0)
		error = json_parse(text, (size_t)length, why);
	else if (fd != -1)
		(void)why_set(why, ERROR_UNAVAILABLE,
		    "failed/%s has no reason in it", file);
	if (fd != -1)
		close(fd);
	free(file);
	return error;
}
