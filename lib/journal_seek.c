/*
 * journal_seek - places in the journal that can be found without reading it
 *
 * A segment's day never goes back, and a line is never later than the day of
 * its segment; so lines of a day stand in segments of that day or later ones.
 */
#include "lib/hex.h"
#include "lib/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/journal_line.h"
#include "lib/journal_segment.h"

static int
open_directory(const char *path, struct why *why)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd == -1 ? why_errno(why, "open %s", path) : fd;
}

/* The last good line of a segment.  1, 0 if there is none, -1 with *why. */
static int
last_line(int directory, const char *name, struct journal_hasher *hasher,
    struct journal_chain *chain, struct why *why)
{
	struct segment_lines lines;
	struct journal_form form;
	struct why ignored;
	const char *text;
	size_t length;
	int64_t offset;
	int fd = segment_open(directory, name, O_RDONLY, why);
	int got;

	if (fd == -1)
		return -1;
	*chain = (struct journal_chain){ .hasher = hasher };
	offset = segment_checkpoint_before(fd, INT64_MAX, why);
	segment_lines_init(&lines, fd, offset > 0 ? offset : 0);
	got = offset == -2 ? -1 : 1;
	while (got == 1) {
		got = segment_lines_next(&lines, &text, &length, why);
		if (got == 1 && journal_chain_line(chain, text, length, &form,
		    &ignored) == -1)
			got = 0;
	}
	segment_lines_free(&lines);
	return got == -1 ? -1 : chain->seq > 0;
}

int
journal_head(const char *directory, int64_t *seq_r,
    char hash_r[HEX_SIZE(JOURNAL_HASH)], struct why *why)
{
	struct journal_hasher *hasher = journal_hasher_new(why);
	struct journal_chain chain = { 0 };
	struct segments list = { 0 };
	int fd = open_directory(directory, why);
	int r = -1;

	if (hasher != NULL && fd != -1)
		r = segments_list(fd, &list, why);
	for (size_t i = list.count; i-- > 0 && r == 0;)
		r = last_line(fd, list.items[i].name, hasher, &chain, why);
	if (r == 1) {
		*seq_r = chain.seq;
		hex_format(chain.hash, JOURNAL_HASH, hash_r);
	}
	segments_free(&list);
	journal_hasher_free(&hasher);
	if (fd != -1)
		close(fd);
	return r;
}

int64_t
journal_seek(const char *directory, int64_t time, struct why *why)
{
	char day[CLOCK_DAY];
	struct segments list = { 0 };
	int fd = open_directory(directory, why);
	int64_t seq = 0;

	if (fd == -1 || segments_list(fd, &list, why) == -1)
		seq = -1;
	clock_format_day(time, day);
	for (size_t i = 0; i < list.count && seq == 0; i++)
		if (strcmp(list.items[i].day, day) >= 0)
			seq = segment_first_seq(fd, list.items[i].name, why);
	/* None is that late: the end, and what is still to come. */
	if (seq == 0 && list.count > 0)
		seq = segment_first_seq(fd, list.items[list.count - 1].name,
		    why);
	segments_free(&list);
	if (fd != -1)
		close(fd);
	return seq == 0 ? 1 : seq;
}
