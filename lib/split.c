/*
 * split - several JSON objects in one stream, one after the other
 *
 * The scan goes on where it stopped when more bytes come, so each byte is
 * looked at once, however slowly they come.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/split.h"

#define SPLIT_CHUNK 65536

void
split_begin(struct split *split, int fd, size_t max)
{
	*split = (struct split) { .fd = fd, .max = max };
}

void
split_end(struct split *split)
{
	buf_wipe(&split->in);
}

/* Steps over what was handed out, and white space before the next one. */
static void
split_advance(struct split *split)
{
	while (split->at < split->in.len && split->in.data[split->at] != '\0' &&
	    strchr(" \t\r\n", split->in.data[split->at]) != NULL)
		split->at++;
	split->start = split->at;
	split->depth = 0;
	split->in_string = split->escaped = false;
}

/* Returns 1 if the object ends at split->at, 0 if more is needed. */
static int
split_scan(struct split *split)
{
	if (split->start == split->in.len ||
	    split->in.data[split->start] != '{')
		return 0;
	while (split->at < split->in.len) {
		char c = split->in.data[split->at++];

		if (split->in_string) {
			if (split->escaped)
				split->escaped = false;
			else if (c == '\\')
				split->escaped = true;
			else if (c == '"')
				split->in_string = false;
		} else if (c == '"')
			split->in_string = true;
		else if (c == '{' || c == '[')
			split->depth++;
		else if ((c == '}' || c == ']') && --split->depth == 0)
			return 1;
	}
	return 0;
}

static int
split_read(struct split *split, struct why *why)
{
	char chunk[SPLIT_CHUNK];
	ssize_t n = read(split->fd, chunk, sizeof(chunk));

	buf_consume(&split->in, split->start);
	split->at -= split->start;
	split->start = 0;
	if (n == -1)
		return errno == EINTR ? 0 : why_errno(why, "read the job");
	split->ended = n == 0;
	buf_add(&split->in, chunk, (size_t)n);
	return 0;
}

int
split_next(struct split *split, const char **text_r, size_t *length_r,
    struct why *why)
{
	split_advance(split);
	for (;;) {
		int whole = split_scan(split);
		size_t length = (whole == 1 ? split->at : split->in.len) -
		    split->start;

		if (length > split->max)
			return why_set(why, ERROR_PAYLOAD_TOO_LARGE,
			    "the job is larger than max_job_size, %zu bytes",
			    split->max);
		if (whole == 1 || (split->ended && length > 0)) {
			*text_r = split->in.data + split->start;
			*length_r = length;
			split->at = split->start + length;
			return 1;
		}
		if (split->ended)
			return 0;
		if (split_read(split, why) == -1)
			return -1;
		if (split->at == split->start)
			split_advance(split);
	}
}
