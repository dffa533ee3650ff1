/*
 * published_file - the file of a download link, links/<reference>
 */
#include <errno.h>
#include <unistd.h>

#include "lib/published_file.h"

/* The whole file.  1, 0 if there is none, -1 with *why. */
static int
read_text(const struct spool *spool, const char *reference, struct buf *text,
    struct why *why)
{
	char chunk[4096];
	ssize_t got;
	int fd;

	fd = spool_open_file(spool, QUEUE_links, reference, why);
	if (fd == -1)
		return why->number == ENOENT ? 0 : -1;
	text->max = PUBLISHED_MAX;
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(text, chunk, (size_t)got);
	if (got == -1)
		(void)why_errno(why, "read links/%s", reference);
	close(fd);
	return got == -1 ? -1 : 1;
}

int
published_load(const struct spool *spool, const char *reference,
    struct published *p, struct published_state *state, struct why *why)
{
	struct buf text = { 0 };
	int result;

	result = read_text(spool, reference, &text, why);
	if (result == 1 && text.len == 0)
		result = why_set(why, ERROR_VALIDATION_ERROR, "it is empty");
	if (result == 1 && published_read_file(text.data, text.len, p, state,
	    why) == -1)
		result = -1;
	buf_free(&text);
	return result;
}
