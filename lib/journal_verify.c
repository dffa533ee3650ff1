/*
 * journal_verify - the whole chain, from the first public key alone
 *
 * Nothing is believed that does not follow from that key: the first line must
 * name it, each new key must be signed by the one before, each checkpoint by
 * the key of its time.  The first thing that is wrong ends it.
 *
 * Lines that a later segment has again were never known to be durable and are
 * passed over.  But they must go on where the good ones end, until they are
 * torn; anything else was put there.  And a valid checkpoint among them must be
 * the very line that the later segment has, or somebody has put other lines in
 * the place of signed ones.
 */
#include "lib/hex.h"
#include "lib/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/journal_line.h"
#include "lib/journal_purged.h"
#include "lib/journal_segment.h"
#include "lib/xalloc.h"

struct head {
	int64_t	 seq;			/* 0: none was given */
	uint8_t	 hash[JOURNAL_HASH];
};

struct verifying {
	int		 directory;	/* own; what names are relative to */
	char		**names;	/* own; the files, in order */
	size_t		 count;
	int64_t		*first;		/* own; first seq of each, 0: none */
	struct journal_chain chain;
	struct head	 purged;	/* what remains goes on from there */
	bool		 purge_found;	/* a line says that it was purged */
	struct head	 head;		/* that was given */
	struct head	 replaced;	/* a checkpoint that was passed over */
	struct journal_verdict *verdict;	/* borrowed */
};

/* Reads `<seq>:<hash>`. */
static int
head_read(const char *text, struct head *head, struct why *why)
{
	char *end;

	errno = 0;
	head->seq = strtoll(text, &end, 10);
	if (errno != 0 || head->seq < 1 || *end != ':' ||
	    strlen(end + 1) != (size_t)2 * JOURNAL_HASH ||
	    hex_parse(end + 1, head->hash, JOURNAL_HASH) == -1)
		return why_set(why, ERROR_USAGE,
		    "%s: a head is SEQ:HASH, as `spoollog head` prints it",
		    text);
	return 0;
}

/* Says where something is wrong, and returns 1. */
static int
wrong(struct verifying *v, size_t file, int64_t number, struct why *why)
{
	const char *name = strrchr(v->names[file], '/');
	char words[sizeof(why->text)];

	name = name == NULL ? v->names[file] : name + 1;
	memcpy(words, why->text, sizeof(words));
	why_set(why, ERROR_VALIDATION_ERROR, "%s line %" PRId64 " %s", name,
	    number, words);
	strlcpy(v->verdict->bad_segment, name,
	    sizeof(v->verdict->bad_segment));
	v->verdict->bad_line = number;
	return 1;
}

static int
check_head(const struct head *head, const struct journal_form *form,
    const char *words, struct why *why)
{
	if (head->seq != form->seq ||
	    memcmp(head->hash, form->hash, JOURNAL_HASH) == 0)
		return 0;
	return why_set(why, ERROR_VALIDATION_ERROR, "%s", words);
}

/* A `purged` line may be the one about what went last. */
static void
note_purge(struct verifying *v, const char *text, size_t length)
{
	uint8_t hash[JOURNAL_HASH];
	struct why ignored;
	struct json *line = json_parse(text, length, &ignored);

	if (json_integer(json_get(line, "lastSeq"), 0) == v->purged.seq &&
	    hex_parse(json_string(json_get(line, "lastHash"), ""),
	    hash, JOURNAL_HASH) == 0 &&
	    memcmp(hash, v->purged.hash, JOURNAL_HASH) == 0)
		v->purge_found = true;
	json_free(&line);
}

static int
check_line(struct verifying *v, const char *text, size_t length,
    struct why *why)
{
	struct journal_verdict *verdict = v->verdict;
	struct journal_form form;

	if (journal_chain_line(&v->chain, text, length, &form, why) == -1 ||
	    journal_chain_keys(&v->chain, text, length, &form, why) == -1 ||
	    check_head(&v->head, &form,
		"is not the line whose hash was kept as the head", why) == -1 ||
	    check_head(&v->replaced, &form, "is not the signed checkpoint "
		"that an earlier segment has in its place", why) == -1)
		return -1;
	if (verdict->lines++ == 0)
		verdict->first_seq = form.seq;
	verdict->last_seq = form.seq;
	verdict->unproven++;
	hex_format(form.hash, JOURNAL_HASH, verdict->last_hash);
	if (form.event == EVENT_purged && v->purged.seq > 0)
		note_purge(v, text, length);
	if (form.event == EVENT_checkpoint) {
		verdict->checkpoints++;
		verdict->unproven = 0;
	}
	return 0;
}

/*
 * Follows lines that a later segment has again, for as long as they verify,
 * and remembers the last checkpoint among them.  Returns 1 at one that goes on
 * from nothing, else 0, -1 if they could not be read.
 */
static int
pass_over(struct verifying *v, struct segment_lines *lines, struct why *why)
{
	struct journal_chain chain = v->chain;
	struct journal_form form;
	struct why ignored;
	const char *text;
	size_t length;
	int got;

	while ((got = segment_lines_next(lines, &text, &length, why)) == 1) {
		int64_t expected = chain.seq + 1;

		if (journal_chain_line(&chain, text, length, &form, why) ==
		    -1)
			return form.seq != 0 && form.seq != expected;
		if (journal_chain_keys(&chain, text, length, &form,
			&ignored) == -1)
			return 0;
		if (form.event != EVENT_checkpoint ||
		    form.seq <= v->replaced.seq)
			continue;
		v->replaced.seq = form.seq;
		memcpy(v->replaced.hash, form.hash, JOURNAL_HASH);
	}
	return got;
}

static int
check_file(struct verifying *v, size_t file, struct why *why)
{
	struct segment_lines lines;
	const char *text;
	size_t length;
	int64_t limit = INT64_MAX;
	int fd, got = 1, result = 0;

	for (size_t i = file + 1; i < v->count; i++)
		if (v->first[i] > 0 && v->first[i] < limit)
			limit = v->first[i];
	fd = segment_open(v->directory, v->names[file], O_RDONLY, why);
	if (fd == -1)
		return -1;
	segment_lines_init(&lines, fd, 0);
	while (result == 0 && v->chain.seq + 1 < limit) {
		got = segment_lines_next(&lines, &text, &length, why);
		if (got != 1)
			break;
		if (check_line(v, text, length, why) == -1)
			result = wrong(v, file, lines.number, why);
	}
	if (got == 0 && lines.rest > 0) {
		why_set(why, ERROR_VALIDATION_ERROR, "has no end");
		result = wrong(v, file, lines.number + 1, why);
	} else if (got == 1 && result == 0) {
		got = pass_over(v, &lines, why);
		if (got == 1)
			result = wrong(v, file, lines.number, why);
	}
	segment_lines_free(&lines);
	return got == -1 ? -1 : result;
}

/* What must be somewhere, and was not, although every line was right. */
static int
check_missing(const struct verifying *v, struct why *why)
{
	int64_t last = v->chain.seq;

	if (last == 0) {
		why_set(why, ERROR_VALIDATION_ERROR, "there is no line");
		return 1;
	}
	if (v->purged.seq > 0 && !v->purge_found) {
		why_set(why, ERROR_VALIDATION_ERROR, "what came before line %"
		    PRId64 " is not there, and no line says that it was "
		    "purged", v->purged.seq + 1);
		return 1;
	}
	if (v->head.seq > last) {
		why_set(why, ERROR_VALIDATION_ERROR, "the last line is %" PRId64
		    ", the head that was kept is %" PRId64
		    ": lines are missing", last, v->head.seq);
		return 1;
	}
	if (v->replaced.seq > last) {
		why_set(why, ERROR_VALIDATION_ERROR, "the last line is %" PRId64
		    ", an earlier segment has a signed checkpoint %" PRId64
		    ": lines are missing", last, v->replaced.seq);
		return 1;
	}
	return 0;
}

/* Goes on after what was purged before the first of the files. */
static int
pass_purged(struct verifying *v, struct why *why)
{
	const char *slash = v->count > 0 ? strrchr(v->names[0], '/') : NULL;
	int fd = v->directory, r;
	char *path;

	if (v->count == 0 || v->first[0] <= 1)
		return 0;
	if (slash != NULL) {
		path = xasprintf("%.*s", (int)(slash - v->names[0] + 1),
		    v->names[0]);
		fd = openat(v->directory, path,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		free(path);
	}
	if (fd == -1)
		return why_errno(why, "open the directory of %s",
		    v->names[0]);
	r = journal_purged_pass(fd, v->first[0], &v->chain, why);
	if (fd != v->directory)
		close(fd);
	if (r == 1) {
		v->purged.seq = v->chain.seq;
		memcpy(v->purged.hash, v->chain.hash, JOURNAL_HASH);
	}
	return r == -1 && why->code == ERROR_VALIDATION_ERROR ? 1 :
	    r == -1 ? -1 : 0;
}

static int
check_files(struct verifying *v, struct why *why)
{
	int r = 0;

	v->first = xcalloc(v->count + 1, sizeof(*v->first));
	for (size_t i = 0; i < v->count; i++) {
		v->first[i] = segment_first_seq(v->directory, v->names[i],
		    why);
		if (v->first[i] == -1)
			return -1;
	}
	r = pass_purged(v, why);
	for (size_t i = 0; i < v->count && r == 0; i++)
		r = check_file(v, i, why);
	return r != 0 ? r : check_missing(v, why);
}

/* The files to verify: those given, or all below the directory. */
static int
name_files(struct verifying *v, const char *directory, char *const *files,
    size_t count, struct why *why)
{
	struct segments list = { 0 };

	v->directory = open(count > 0 ? "." : directory,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (v->directory == -1)
		return why_errno(why, "open %s", count > 0 ? "." : directory);
	if (count == 0 && segments_list(v->directory, &list, why) == -1)
		return -1;
	v->count = count > 0 ? count : list.count;
	v->names = xcalloc(v->count + 1, sizeof(*v->names));
	for (size_t i = 0; i < v->count; i++)
		v->names[i] = xstrdup(count > 0 ? files[i] :
		    list.items[i].name);
	segments_free(&list);
	return 0;
}

static int
verify(struct verifying *v, const char *public_key, const char *head,
    struct why *why)
{
	int r = -1;

	v->chain.hasher = journal_hasher_new(why);
	if (v->chain.hasher != NULL &&
	    journal_key_read_public(public_key, v->chain.key, why) == 0 &&
	    (head == NULL || head_read(head, &v->head, why) == 0))
		r = check_files(v, why);
	journal_hasher_free(&v->chain.hasher);
	return r;
}

int
journal_verify(const char *directory, char *const *files, size_t count,
    const char *public_key, const char *head, struct journal_verdict *verdict,
    struct why *why)
{
	struct verifying v = {
		.directory = -1,
		.chain = { .known = true },
		.verdict = verdict,
	};
	int r;

	*verdict = (struct journal_verdict){ 0 };
	r = name_files(&v, directory, files, count, why);
	if (r == 0)
		r = verify(&v, public_key, head, why);
	for (size_t i = 0; i < v.count && v.names != NULL; i++)
		free(v.names[i]);
	free(v.names);
	free(v.first);
	if (v.directory != -1)
		close(v.directory);
	return r;
}
