/*
 * journal_lines - a segment's lines, from the front or looked for from the end
 *
 * No more of a segment is in memory than its longest line, and never more than
 * the longest that is written.  A last line that is not whole is read again by
 * the next call: the writer may have taken it back meanwhile.
 */
#include "lib/journal_segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/journal_line.h"
#include "lib/xalloc.h"

#define BLOCK (64 * 1024)
#define MARK "\",\"event\":\"checkpoint\","
#define MARK_LENGTH (sizeof(MARK) - 1)
#define BEFORE_MARK 64		/* seq and time at most, and a newline */

void
segment_lines_init(struct segment_lines *l, int fd, int64_t offset)
{
	*l = (struct segment_lines){ .fd = fd, .offset = offset };
}

void
segment_lines_free(struct segment_lines *l)
{
	if (l->fd != -1)
		close(l->fd);
	free(l->data);
	*l = (struct segment_lines){ .fd = -1 };
}

void
segment_lines_seek(struct segment_lines *l, int64_t offset)
{
	l->offset = offset;
	l->start = l->length = l->rest = 0;
	l->skipping = false;
}

/* Makes room for a block more and fills it.  1, 0 at the end, -1. */
static int
fill(struct segment_lines *l, struct why *why)
{
	ssize_t n;

	if (l->start > 0) {
		l->length -= l->start;
		memmove(l->data, l->data + l->start, l->length);
		l->start = 0;
	}
	if (l->length >= JOURNAL_LINE_MAX) {
		l->skipping = true;
		l->rest += l->length;
		l->offset += (int64_t)l->length;
		l->length = 0;
	}
	if (l->capacity - l->length < BLOCK) {
		l->capacity = l->length + 2 * BLOCK;
		l->data = xreallocarray(l->data, l->capacity, 1);
	}
	n = pread(l->fd, l->data + l->length, BLOCK,
	    l->offset + (int64_t)l->length);
	if (n == -1)
		return why_errno(why, "read the journal");
	l->length += (size_t)n;
	return n > 0;
}

int
segment_lines_next(struct segment_lines *l, const char **text, size_t *length,
    struct why *why)
{
	const char *end = NULL;
	size_t searched = 0;
	int r;

	if (!l->skipping)
		l->rest = 0;
	for (;;) {
		if (l->length > l->start + searched)
			end = memchr(l->data + l->start + searched, '\n',
			    l->length - l->start - searched);
		if (end != NULL)
			break;
		searched = l->length - l->start;
		r = fill(l, why);
		if (l->length < searched)
			searched = 0;
		if (r != 1) {
			l->rest += l->length - l->start;
			l->length = l->start;
			return r;
		}
	}
	*text = l->data + l->start;
	*length = (size_t)(end - *text);
	l->start += *length + 1;
	l->offset += (int64_t)*length + 1;
	l->number++;
	if (l->skipping)
		*length = 0;
	l->skipping = false;
	return 1;
}

/* Where the line around a mark begins, or -1 if no line's head is there. */
static int64_t
line_begin(const char *block, size_t mark, int64_t block_offset)
{
	size_t at = mark;

	while (at > 0 && mark - at < BEFORE_MARK && block[at - 1] != '\n')
		at--;
	if (at > 0 ? block[at - 1] != '\n' : block_offset > 0)
		return -1;
	return block_offset + (int64_t)at;
}

/* The last mark in a block whose line begins before `end`, or -1. */
static int64_t
last_in_block(const char *block, size_t length, int64_t block_offset,
    int64_t end)
{
	int64_t found = -1;
	const char *at = block;

	while ((at = memmem(at, length - (size_t)(at - block), MARK,
	    MARK_LENGTH)) != NULL) {
		int64_t begin =
		    line_begin(block, (size_t)(at - block), block_offset);

		if (begin != -1 && begin < end)
			found = begin;
		at++;
	}
	return found;
}

int64_t
segment_checkpoint_before(int fd, int64_t end, struct why *why)
{
	/* Blocks overlap, so that a line's head is whole in one of them. */
	const size_t overlap = BEFORE_MARK + MARK_LENGTH;
	char *block = xmalloc(BLOCK + overlap);
	off_t size = lseek(fd, 0, SEEK_END);
	int64_t at = size < end ? size : end, found = -1;
	ssize_t n = size == -1 ? -1 : 0;

	while (at > 0 && found == -1) {
		at = at > BLOCK ? at - BLOCK : 0;
		n = pread(fd, block, BLOCK + overlap, at);
		if (n == -1)
			break;
		found = last_in_block(block, (size_t)n, at, end);
	}
	free(block);
	if (n == -1) {
		why_errno(why, "read the journal");
		return -2;
	}
	return found;
}
