/*
 * journal_segment - the files of the journal: <YYYY-MM-DD>.<NNNN>.jsonl
 *
 * A segment may be empty: a crash came between its creation and its first
 * line.  Creating one is durable before it is used, since a line in a file
 * whose name a crash takes away would be lost with it.
 */
#include "lib/journal_segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/journal_line.h"
#include "lib/xalloc.h"

#define SUFFIX ".jsonl"
#define COPY_BLOCK (64 * 1024)
#define CUT_NAMES 1000		/* pieces cut off at the same seq */

/* Reads `<day>.<number>.jsonl`, at least four digits in the number. */
static bool
segment_parse(const char *name, struct segment *s)
{
	size_t length = strlen(name), i, digits = 0;

	if (length >= SEGMENT_NAME || length < CLOCK_DAY)
		return false;
	for (i = 0; i < CLOCK_DAY - 1; i++)
		if (i == 4 || i == 7 ? name[i] != '-' :
		    name[i] < '0' || name[i] > '9')
			return false;
	if (name[i++] != '.')
		return false;
	s->number = 0;
	for (; name[i] >= '0' && name[i] <= '9' && digits < 9; i++, digits++)
		s->number = s->number * 10 + (unsigned)(name[i] - '0');
	if (digits < 4 || strcmp(name + i, SUFFIX) != 0)
		return false;
	memcpy(s->day, name, CLOCK_DAY - 1);
	s->day[CLOCK_DAY - 1] = '\0';
	memcpy(s->name, name, length + 1);
	return true;
}

static int
segment_compare(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;
	int r = strcmp(x->day, y->day);

	return r != 0 ? r : (x->number > y->number) - (x->number < y->number);
}

int
segments_list(int directory, struct segments *list, struct why *why)
{
	struct segment segment;
	struct dirent *entry;
	size_t room = 0;
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);

	*list = (struct segments){ 0 };
	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return why_errno(why, "read the journal's directory");
	}
	while ((errno = 0, entry = readdir(dir)) != NULL) {
		if (!segment_parse(entry->d_name, &segment))
			continue;
		if (list->count == room) {
			room = room == 0 ? 16 : 2 * room;
			list->items = xreallocarray(list->items, room,
			    sizeof(*list->items));
		}
		list->items[list->count++] = segment;
	}
	if (errno != 0)
		why_errno(why, "read the journal's directory");
	fd = errno != 0 ? -1 : 0;
	closedir(dir);
	if (fd == -1)
		segments_free(list);
	else if (list->count > 0)
		qsort(list->items, list->count, sizeof(*list->items),
		    segment_compare);
	return fd;
}

void
segments_free(struct segments *list)
{
	free(list->items);
	*list = (struct segments){ 0 };
}

int
segment_create(int directory, const char *day, struct segment *last,
    struct why *why)
{
	struct segment next = *last;
	int fd, saved;

	if (strcmp(day, last->day) > 0) {
		memcpy(next.day, day, sizeof(next.day));
		next.number = 0;
	}
	next.number++;
	snprintf(next.name, sizeof(next.name), "%s.%04u" SUFFIX, next.day,
	    next.number);
	fd = openat(directory, next.name,
	    O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	if (fd == -1)
		return why_errno(why, "create %s", next.name);
	if (fsync(directory) == -1) {
		saved = errno;
		close(fd);
		unlinkat(directory, next.name, 0);
		errno = saved;
		return why_errno(why, "sync the journal's directory");
	}
	*last = next;
	return fd;
}

int
segment_open(int directory, const char *name, int flags, struct why *why)
{
	int fd = openat(directory, name, flags | O_CLOEXEC | O_NOFOLLOW);

	return fd == -1 ? why_errno(why, "open %s", name) : fd;
}

int64_t
segment_first_seq(int directory, const char *name, struct why *why)
{
	struct segment_lines lines;
	struct journal_form form;
	struct why ignored;
	const char *text;
	size_t length;
	int fd = segment_open(directory, name, O_RDONLY, why);
	int64_t seq = 0;
	int r;

	if (fd == -1)
		return -1;
	segment_lines_init(&lines, fd, 0);
	r = segment_lines_next(&lines, &text, &length, why);
	if (r == 1 && journal_form_read(text, length, &form, &ignored) == 0)
		seq = form.seq;
	segment_lines_free(&lines);
	return r == -1 ? -1 : seq;
}

/* Copies from `offset` to the end.  The number of bytes, or -1 with errno. */
static int64_t
copy_rest(int from, int64_t offset, int to)
{
	char *block = xmalloc(COPY_BLOCK);
	int64_t copied = 0;
	ssize_t n;

	while ((n = pread(from, block, COPY_BLOCK, offset + copied)) > 0) {
		ssize_t written = write(to, block, (size_t)n);

		if (written <= 0) {
			copied = -1;
			break;
		}
		copied += written;
	}
	free(block);
	return n == -1 ? -1 : copied;
}

/* Creates <name>.cut.<seq>, or with a number behind where that is taken. */
static int
create_cut(int directory, const char *name, int64_t seq, struct why *why)
{
	char cut[SEGMENT_NAME + 48];
	int fd = -1;

	for (int i = 1; i <= CUT_NAMES && fd == -1; i++) {
		snprintf(cut, sizeof(cut), i == 1 ? "%s.cut.%" PRId64 :
		    "%s.cut.%" PRId64 ".%d", name, seq, i);
		fd = openat(directory, cut,
		    O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
		if (fd == -1 && errno != EEXIST)
			break;
	}
	return fd == -1 ? why_errno(why, "create %s", cut) : fd;
}

int
segment_cut(int directory, const char *name, int64_t offset, int64_t seq,
    int64_t *cut, struct why *why)
{
	int from = segment_open(directory, name, O_RDWR, why);
	int to = from == -1 ? -1 : create_cut(directory, name, seq, why);
	int64_t moved = 0;
	int r = to == -1 ? -1 : 0;

	if (r == 0) {
		moved = copy_rest(from, offset, to);
		if (moved == -1 || fsync(to) == -1 || fsync(directory) == -1)
			r = why_errno(why, "put the end of %s aside", name);
	}
	if (r == 0 && (ftruncate(from, offset) == -1 || fsync(from) == -1))
		r = why_errno(why, "cut %s", name);
	if (r == 0)
		*cut += moved;
	if (to != -1)
		close(to);
	if (from != -1)
		close(from);
	return r;
}
