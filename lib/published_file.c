/*
 * published_file - the file of a download link, jobs/<reference>.link
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/published_file.h"

/* The whole file.  1, 0 if there is none, -1 with *why. */
static int
read_text(const struct spool *spool, const char *name, struct buf *text,
    struct why *why)
{
	char chunk[4096];
	ssize_t got;
	int fd;

	fd = spool_open_file(spool, QUEUE_jobs, name, why);
	if (fd == -1)
		return why->number == ENOENT ? 0 : -1;
	text->max = PUBLISHED_MAX;
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(text, chunk, (size_t)got);
	if (got == -1)
		(void)why_errno(why, "read jobs/%s", name);
	close(fd);
	return got == -1 ? -1 : 1;
}

int
published_load(const struct spool *spool, const char *reference,
    struct published *p, struct published_state *state, struct why *why)
{
	char name[PUBLISHED_NAME];
	struct buf text = { 0 };
	int result;

	/* It may come from a line of somebody's, and is part of a name. */
	if (strlen(reference) != REFERENCE_SIZE - 1)
		return 0;
	published_name(reference, name);
	result = read_text(spool, name, &text, why);
	if (result == 1 && text.len == 0)
		result = why_set(why, ERROR_VALIDATION_ERROR, "it is empty");
	if (result == 1 && published_read_file(text.data, text.len, p, state,
	    why) == -1)
		result = -1;
	buf_free(&text);
	return result;
}
