/*
 * journal_recover - what is durable, what verifies, what is put aside
 *
 * - First everything that might still be in memory only is synced, and what
 *   the kernel remembers of the files is dropped: what is believed from here
 *   on is what the disk has.  (After a sync that failed, the memory has lines
 *   that the disk has not.)
 * - The last three checkpoints are looked for from the end backwards, by their
 *   signatures.  From the earliest on every line is checked; with fewer than
 *   three, from the very first line.  (Of the line where checking begins, only
 *   what the signature covers is known: so should the last checkpoint be
 *   wrong, the one before it still is a line that was checked.)
 * - A wrong line followed by a valid checkpoint was durable once and has been
 *   changed since: it is reported and left.  A wrong line without one ends the
 *   journal: it and all after it are put aside.
 * - Pieces are put aside from the end backwards, so that a crash in between
 *   leaves the first wrong line to be found again.
 */
#include "lib/journal_recover.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/journal_purged.h"
#include "lib/json.h"
#include "lib/xalloc.h"

#define CHECKPOINTS JOURNAL_CHECKPOINTS

/* A place in the journal. */
struct place {
	size_t	 segment;		/* index in the list */
	int64_t	 offset;
};

struct recovery {
	int		 directory;	/* borrowed */
	struct segments	*list;		/* borrowed */
	int64_t		*first;		/* own; first seq of each, 0: none */
	struct place	 start;		/* where checking begins */
	int64_t		 start_seq;	/* of the checkpoint there */

	struct journal_chain chain;
	struct journal_found found;
	int64_t		 needed[CHECKPOINTS];
	int64_t		 key_time;

	bool		 bad;		/* a line was wrong, and since then no
					 * valid checkpoint came */
	struct place	 bad_at;
	struct place	 replaced_at;	/* lines that a later segment has too;
					 * offset 0: none */
	struct journal_chain good_chain;	/* before the wrong line */
};

/* Syncs a segment that may have been written last, and forgets it. */
static int
settle_segment(int directory, const char *name, struct why *why)
{
	int fd = segment_open(directory, name, O_RDWR, why);
	int r;

	if (fd == -1)
		return -1;
	r = fdatasync(fd) == -1 ? why_errno(why, "sync %s", name) : 0;
	/* A hint, which tmpfs has no use for. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	return r;
}

/* --- where to begin ------------------------------------------------------- */

/*
 * Whether a line is a checkpoint signed by the key that it names; that key
 * then is the chain's.
 */
static bool
take_checkpoint(struct journal_chain *chain, const char *text, size_t length)
{
	struct journal_chain trial = *chain;
	struct journal_form form;
	struct json *line;
	struct why ignored;
	const char *key;
	bool good = false;

	if (journal_form_read(text, length, &form, &ignored) == -1 ||
	    form.event != EVENT_checkpoint || form.seq == 1)
		return false;
	line = json_parse(text, length, &ignored);
	if (line == NULL)
		return false;
	key = json_string(json_get(line, "key"), "");
	if (strlen(key) == JOURNAL_KEY_TEXT) {
		memcpy(trial.key, key, sizeof(trial.key));
		good = journal_chain_keys(&trial, text, length, &form,
		    &ignored) == 0;
	}
	json_free(&line);
	if (good)
		memcpy(chain->key, trial.key, sizeof(chain->key));
	return good;
}

/*
 * The last checkpoint of a segment that begins before *offset and has a seq
 * below `limit`.  1 with its offset and seq, 0 if there is none, -1 with *why.
 */
static int
checkpoint_before(struct recovery *r, const char *name, int64_t limit,
    int64_t *offset, int64_t *seq_r, struct why *why)
{
	struct segment_lines lines;
	struct journal_form form;
	struct why ignored;
	const char *text;
	size_t length;
	int fd = segment_open(r->directory, name, O_RDONLY, why);
	int got = 0;

	if (fd == -1)
		return -1;
	segment_lines_init(&lines, fd, 0);
	while (got == 0) {
		*offset = segment_checkpoint_before(fd, *offset, why);
		if (*offset < 0)
			break;
		segment_lines_seek(&lines, *offset);
		got = segment_lines_next(&lines, &text, &length, why);
		if (got == 1 && (journal_form_read(text, length, &form,
		    &ignored) == -1 || form.seq >= limit ||
		    !take_checkpoint(&r->chain, text, length)))
			got = 0;
	}
	if (got == 1)
		*seq_r = form.seq;
	segment_lines_free(&lines);
	return *offset == -2 ? -1 : got;
}

/*
 * Looks for checkpoints in segment `i` until *left are found.  Going back, seqs
 * get lower; where they do not, what was found before was a stray copy.
 */
static int
find_in_segment(struct recovery *r, size_t i, int64_t limit, int *left,
    struct why *why)
{
	int64_t offset = INT64_MAX, seq;
	int got = 1;

	while (got == 1 && *left > 0) {
		got = checkpoint_before(r, r->list->items[i].name, limit,
		    &offset, &seq, why);
		if (got != 1)
			break;
		*left = seq < r->start_seq ? *left - 1 : CHECKPOINTS - 1;
		r->start = (struct place){ i, offset };
		r->start_seq = seq;
	}
	return got == -1 ? -1 : 0;
}

/* Goes backwards until there are enough checkpoints, and begins there. */
static int
find_start(struct recovery *r, struct why *why)
{
	int64_t limit = INT64_MAX;
	int left = CHECKPOINTS;

	r->start_seq = INT64_MAX;
	for (size_t i = r->list->count; i-- > 0 && left > 0;) {
		const char *name = r->list->items[i].name;

		if (settle_segment(r->directory, name, why) == -1 ||
		    find_in_segment(r, i, limit, &left, why) == -1)
			return -1;
		r->first[i] = segment_first_seq(r->directory, name, why);
		if (r->first[i] == -1)
			return -1;
		if (r->first[i] > 0 && r->first[i] < limit)
			limit = r->first[i];
	}
	if (left == 0) {
		r->chain.known = false;
	} else if (r->chain.instance[0] != '\0' && r->first[0] > 1) {
		/* Whatever was purged, enough of them are left. */
		return why_set(why, ERROR_CONFIG_ERROR, "%s: what comes "
		    "before it is not to be found, and too few signed "
		    "checkpoints are left; restore it",
		    r->list->items[0].name);
	} else {
		r->start = (struct place){ 0, 0 };
		r->chain.key[0] = '\0';
	}
	return 0;
}

/* The instance stands in the very first line.  1, 0 if not, -1 with *why. */
static int
find_instance(struct recovery *r, struct why *why)
{
	struct segment_lines lines;
	struct why ignored;
	struct json *line;
	const char *text;
	size_t length;
	int fd, got = 0;

	for (size_t i = 0; i < r->list->count && got == 0; i++) {
		fd = segment_open(r->directory, r->list->items[i].name,
		    O_RDONLY, why);
		if (fd == -1)
			return -1;
		segment_lines_init(&lines, fd, 0);
		got = segment_lines_next(&lines, &text, &length, why);
		line = got == 1 ? json_parse(text, length, &ignored) : NULL;
		journal_instance_read(line, r->chain.instance);
		if (line != NULL)
			json_free(&line);
		if (lines.rest > 0)
			got = 1;	/* half a line: nothing comes before */
		segment_lines_free(&lines);
	}
	if (got == -1 || r->chain.instance[0] != '\0')
		return got == -1 ? -1 : 1;
	return journal_purged_instance(r->directory, r->chain.instance, why);
}

/*
 * Without the first line nothing can be checked.  That is so where the very
 * first write was torn, and where the journal's beginning is gone.
 */
static int
refuse_headless(struct recovery *r, struct why *why)
{
	int64_t offset;
	int fd;

	for (size_t i = 0; i < r->list->count; i++) {
		const char *name = r->list->items[i].name;

		fd = segment_open(r->directory, name, O_RDONLY, why);
		if (fd == -1)
			return -1;
		offset = segment_checkpoint_before(fd, INT64_MAX, why);
		close(fd);
		if (offset == -2)
			return -1;
		if (offset >= 0 || r->first[i] > 0)
			return why_set(why, ERROR_CONFIG_ERROR, "%s: the "
			    "journal's first line, which names its instance "
			    "and key, is not to be found; restore it", name);
	}
	return 0;
}

/* --- checking forward ----------------------------------------------------- */

static void
mark_bad(struct recovery *r, struct place at,
    const struct journal_chain *before)
{
	if (r->bad)
		return;
	r->bad = true;
	r->bad_at = at;
	r->good_chain = *before;
}

/* Remembers what a good line says. */
static void
note_line(struct recovery *r, const char *text, size_t length,
    const struct journal_form *form)
{
	struct json *line;
	struct why ignored;

	r->found.last_time = form->time;
	if (form->seq == 1 || form->event == EVENT_key_rotated ||
	    form->event == EVENT_checkpoint)
		r->key_time = form->time;
	if (form->event != EVENT_checkpoint)
		return;
	memmove(r->needed, r->needed + 1,
	    sizeof(r->needed) - sizeof(*r->needed));
	r->needed[CHECKPOINTS - 1] = form->seq;
	r->found.previous_checkpoint = r->found.checkpoint;
	r->found.checkpoint = form->seq;
	line = json_parse(text, length, &ignored);
	r->found.up_to = json_integer(json_get(line, "upTo"), 0);
	if (line != NULL)
		json_free(&line);
}

static void
check_line(struct recovery *r, struct place at, const char *text,
    size_t length)
{
	struct journal_chain before = r->chain;
	struct journal_form form;
	struct why ignored;

	if (journal_chain_line(&r->chain, text, length, &form, &ignored) ==
	    -1) {
		mark_bad(r, at, &before);
		return;
	}
	if (r->bad) {
		if (form.event != EVENT_checkpoint ||
		    form.seq <= r->good_chain.seq ||
		    !take_checkpoint(&r->chain, text, length))
			return;
		if (r->found.bad == 0)
			r->found.bad = r->good_chain.seq + 1;
		r->bad = false;
	} else if (journal_chain_keys(&r->chain, text, length, &form,
	    &ignored) == -1) {
		mark_bad(r, at, &before);
		return;
	}
	note_line(r, text, length, &form);
}

/* The lowest seq that segments after `i` have again. */
static int64_t
limit_of(const struct recovery *r, size_t i)
{
	int64_t limit = INT64_MAX;

	for (i++; i < r->list->count; i++)
		if (r->first[i] > 0 && r->first[i] < limit)
			limit = r->first[i];
	return limit;
}

static int
check_segment(struct recovery *r, size_t i, int64_t offset, struct why *why)
{
	struct segment_lines lines;
	struct place at = { i, offset };
	const char *text;
	size_t length;
	int64_t limit = limit_of(r, i);
	int fd, got = 1;

	fd = segment_open(r->directory, r->list->items[i].name, O_RDONLY, why);
	if (fd == -1)
		return -1;
	segment_lines_init(&lines, fd, offset);
	while (got == 1 && r->chain.seq + 1 < limit) {
		at.offset = lines.offset;
		got = segment_lines_next(&lines, &text, &length, why);
		if (got == 1)
			check_line(r, at, text, length);
	}
	if (got == 0 && lines.rest > 0)
		mark_bad(r, at, &r->chain);
	if (got == 1)
		r->replaced_at = (struct place){ i, lines.offset };
	segment_lines_free(&lines);
	return got == -1 ? -1 : 0;
}

/* --- cutting -------------------------------------------------------------- */

static int
cut_at(struct recovery *r, struct place at, struct why *why)
{
	const char *name = r->list->items[at.segment].name;
	struct stat st;

	if (fstatat(r->directory, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return why_errno(why, "look at %s", name);
	if (st.st_size <= at.offset)
		return 0;
	return segment_cut(r->directory, name, at.offset,
	    r->good_chain.seq + 1, &r->found.cut, why);
}

/*
 * Lines that were replaced go too: when the lines that replaced them are cut,
 * the new ones in their place need not be the same.
 */
static int
cut_tail(struct recovery *r, struct why *why)
{
	for (size_t i = r->list->count; i-- > r->bad_at.segment + 1;)
		if (cut_at(r, (struct place){ i, 0 }, why) == -1)
			return -1;
	if (cut_at(r, r->bad_at, why) == -1)
		return -1;
	if (r->replaced_at.offset > 0 &&
	    cut_at(r, r->replaced_at, why) == -1)
		return -1;
	r->chain = r->good_chain;
	r->bad = false;
	return 0;
}

static int
recover(struct recovery *r, struct why *why)
{
	int known = find_instance(r, why);

	if (known == -1 || find_start(r, why) == -1)
		return -1;
	if (known == 0 && refuse_headless(r, why) == -1)
		return -1;
	for (size_t i = r->start.segment; i < r->list->count; i++)
		if (check_segment(r, i, i == r->start.segment ?
		    r->start.offset : 0, why) == -1)
			return -1;
	return r->bad ? cut_tail(r, why) : 0;
}

int
journal_recover(int directory, struct journal_hasher *hasher,
    struct journal_recovered *out, struct why *why)
{
	struct recovery r = {
		.directory = directory,
		.list = &out->list,
		.chain = { .hasher = hasher, .known = true },
	};
	int result;

	*out = (struct journal_recovered){ 0 };
	/* A crash may have come between a segment's creation and its sync. */
	if (fsync(directory) == -1)
		return why_errno(why, "sync the journal's directory");
	if (segments_list(directory, &out->list, why) == -1)
		return -1;
	r.first = xcalloc(out->list.count + 1, sizeof(*r.first));
	result = recover(&r, why);
	free(r.first);
	out->chain = r.chain;
	out->found = r.found;
	memcpy(out->needed, r.needed, sizeof(out->needed));
	out->found.seq = r.chain.seq;
	out->found.fresh = r.chain.seq == 0;
	out->key_time = r.key_time;
	return result;
}
