/*
 * journal_reader - the journal's lines one after the other, each seq once
 *
 * It may run beside the writer.  What that does to a file that is being read:
 * it appends; it takes half a write back and writes the same again; it leaves
 * a segment behind and begins the next one with lines again that this one may
 * have too.  So at the end of what there is, the directory is looked at again,
 * and lines up to the last one given are passed over.
 */
#include "lib/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/journal_line.h"
#include "lib/journal_segment.h"
#include "lib/xalloc.h"

struct journal_reader {
	int		 directory;	/* own */
	int64_t		 given;		/* seq of the last line given, or the one
					 * before the first to give */
	struct journal_hasher *hasher;	/* own */
	struct journal_chain chain;
	struct segment	 segment;	/* that is being read; "": none yet */
	struct segment_lines lines;	/* of it */
	int64_t		 limit;		/* a later segment has this seq again */
	struct segment	 next;		/* the segment after, "": none */
	bool		 failed;	/* nothing more can be read */
};

void
journal_reader_close(struct journal_reader **rp)
{
	struct journal_reader *r = *rp;

	*rp = NULL;
	if (r == NULL)
		return;
	segment_lines_free(&r->lines);
	journal_hasher_free(&r->hasher);
	if (r->directory != -1)
		close(r->directory);
	free(r);
}

static bool
segment_is_after(const struct segment *a, const struct segment *b)
{
	int days = strcmp(a->day, b->day);

	return days > 0 || (days == 0 && a->number > b->number);
}

/* Looks which segments come after, and at which seq they begin. */
static int
look_ahead(struct journal_reader *r, struct why *why)
{
	struct segments list;
	int64_t seq = 0;

	r->limit = INT64_MAX;
	r->next.name[0] = '\0';
	if (segments_list(r->directory, &list, why) == -1)
		return -1;
	for (size_t i = list.count; i-- > 0 && seq != -1;) {
		if (!segment_is_after(&list.items[i], &r->segment))
			break;
		r->next = list.items[i];
		seq = segment_first_seq(r->directory, r->next.name, why);
		if (seq > 0 && seq < r->limit)
			r->limit = seq;
	}
	segments_free(&list);
	return seq == -1 ? -1 : 0;
}

/*
 * Begins a segment.  Where it goes back behind the lines that were read, so
 * does the chain; what it would have been checked against is gone.
 */
static int
enter_segment(struct journal_reader *r, const struct segment *segment,
    struct why *why)
{
	int64_t first = segment_first_seq(r->directory, segment->name, why);
	int fd;

	if (first == -1)
		return -1;
	fd = segment_open(r->directory, segment->name, O_RDONLY, why);
	if (fd == -1)
		return -1;
	if (first > 0 && first <= r->chain.seq) {
		r->chain.seq = first - 1;
		r->chain.known = false;
	}
	segment_lines_free(&r->lines);
	segment_lines_init(&r->lines, fd, 0);
	r->segment = *segment;
	return look_ahead(r, why);
}

/*
 * The segment to begin in: the last one that begins at or before the first
 * line to give, or the first that there is.
 */
static int
enter_first(struct journal_reader *r, struct why *why)
{
	struct segments list;
	int64_t seq = 0;
	size_t i;
	int result = 0;

	if (segments_list(r->directory, &list, why) == -1)
		return -1;
	for (i = list.count; i-- > 0;) {
		seq = segment_first_seq(r->directory, list.items[i].name, why);
		if (seq == -1 || (seq > 0 && seq <= r->given + 1))
			break;
	}
	if (seq == -1)
		result = -1;
	else if (list.count > 0)
		result = enter_segment(r, &list.items[i < list.count ? i : 0],
		    why);
	r->chain.known = seq <= 1;
	segments_free(&list);
	return result;
}

struct journal_reader *
journal_reader_open(const char *directory, int64_t seq, struct why *why)
{
	struct journal_reader *r = xcalloc(1, sizeof(*r));

	r->given = seq > 1 ? seq - 1 : 0;
	r->lines.fd = -1;
	r->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->directory == -1)
		why_errno(why, "open %s", directory);
	else
		r->hasher = journal_hasher_new(why);
	r->chain.hasher = r->hasher;
	if (r->hasher == NULL || enter_first(r, why) == -1)
		journal_reader_close(&r);
	return r;
}

/* Whether the writer, or a recovery, has taken back what was read. */
static int
was_cut(const struct journal_reader *r, struct why *why)
{
	struct stat st;

	if (fstat(r->lines.fd, &st) == -1)
		return why_errno(why, "look at %s", r->segment.name);
	return st.st_size < r->lines.offset;
}

static int
read_again(struct journal_reader *r, struct why *why)
{
	struct segment segment = r->segment;

	/* Should it be empty, nothing is known of what will come. */
	r->chain.known = false;
	r->chain.seq = 0;
	return enter_segment(r, &segment, why);
}

static int
leave_segment(struct journal_reader *r, struct why *why)
{
	struct segment next = r->next;
	bool torn = r->lines.rest > 0 && r->chain.seq + 1 < r->limit;
	char name[SEGMENT_NAME];

	memcpy(name, r->segment.name, sizeof(name));
	if (enter_segment(r, &next, why) == -1)
		return -1;
	if (torn)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "%s ends within a line", name);
	return 0;
}

/*
 * At the end of what the segment has.  Returns 1 to go on reading, 0 if this
 * is the end for now, -1 with *why.
 */
static int
at_end(struct journal_reader *r, struct why *why)
{
	int cut;

	/* What came after the end was seen before it was read for the last
	 * time: the writer does not come back to a segment. */
	if (r->next.name[0] != '\0')
		return leave_segment(r, why) == -1 ? -1 : 1;
	cut = was_cut(r, why);
	if (cut == 1)
		return read_again(r, why) == -1 ? -1 : 1;
	if (cut == -1 || look_ahead(r, why) == -1)
		return -1;
	return r->next.name[0] != '\0';
}

/*
 * Checks a line.  Returns 1 to give it, 0 to pass it over, -1 with *why.
 */
static int
take_line(struct journal_reader *r, const char *text, size_t length,
    struct journal_form *form, struct why *why)
{
	int64_t before = r->chain.seq;
	struct why ignored;

	if (journal_chain_line(&r->chain, text, length, form, why) == -1) {
		/* It may be in a part that was written anew meanwhile. */
		if (before >= r->given && (look_ahead(r, &ignored) == -1 ||
		    before + 1 < r->limit)) {
			if (form->seq > r->given)
				r->given = form->seq;
			return -1;
		}
		return 0;
	}
	if (form->seq <= r->given)
		return 0;
	r->given = form->seq;
	return 1;
}

/* Puts the place in front of what is wrong with a line. */
static int
say_where(const struct journal_reader *r, struct why *why)
{
	char words[sizeof(why->text)];

	memcpy(words, why->text, sizeof(words));
	return why_set(why, ERROR_VALIDATION_ERROR, "%s line %" PRId64 " %s",
	    r->segment.name, r->lines.number, words);
}

/* Returns 1 with a line, 0 at the end, -1 with *why, say_where() done. */
static int
next_line(struct journal_reader *r, const char **text, size_t *length,
    struct journal_form *form, struct why *why)
{
	int got;

	for (;;) {
		got = r->chain.seq + 1 >= r->limit ? 0 :
		    segment_lines_next(&r->lines, text, length, why);
		if (got == 1) {
			got = take_line(r, *text, *length, form, why);
			if (got == -1)
				return say_where(r, why);
			if (got == 1)
				return 1;
			continue;
		}
		if (got == 0)
			got = at_end(r, why);
		if (got != 1)
			return got;
	}
}

int
journal_reader_next(struct journal_reader *r, struct journal_line *line,
    struct why *why)
{
	struct journal_form form;
	const char *text;
	size_t length;
	int got;

	if (r->failed || (r->segment.name[0] == '\0' &&
	    enter_first(r, why) == -1))
		return r->failed ? 0 : -1;
	if (r->segment.name[0] == '\0')
		return 0;
	got = next_line(r, &text, &length, &form, why);
	/* What cannot be read now would be tried for ever. */
	if (got == -1 && why->code != ERROR_VALIDATION_ERROR)
		r->failed = true;
	if (got == 1)
		*line = (struct journal_line){
			.seq = form.seq,
			.time = form.time,
			.event = form.event,
			.text = text,
			.length = length,
		};
	return got;
}
