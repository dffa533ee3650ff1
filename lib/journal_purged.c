/*
 * journal_purged - what is left of a segment that retention took away
 *
 * A segment goes only when lines follow that are the next in the chain, and
 * whole: lines that a later segment has again end where those begin.
 */
#include "lib/hex.h"
#include "lib/journal_purged.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/xalloc.h"

#define SEGMENT_SUFFIX ".jsonl"
#define PURGED_SUFFIX ".purged"
#define PURGED_MAX (64 * 1024)	/* bytes; a segment has few new keys */

struct journal_old {
	char		*directory;	/* own */
	char		 name[SEGMENT_NAME];
	char		 instance[JOURNAL_INSTANCE + 1];
	struct segment_lines lines;
	int64_t		 limit;		/* the first seq of what follows */
	int64_t		 first, last;	/* seq */
	int64_t		 time;		/* wall ms, of the last line */
	uint8_t		 hash[JOURNAL_HASH];
	struct buf	 rotations;	/* own; JSON objects with commas */
};

/* --- making one ----------------------------------------------------------- */

void
journal_old_free(struct journal_old **old)
{
	if (*old == NULL)
		return;
	segment_lines_free(&(*old)->lines);
	buf_free(&(*old)->rotations);
	free((*old)->directory);
	free(*old);
	*old = NULL;
}

/*
 * The first seq of the next segment that has lines; 0 if there is none, or one
 * after it goes back behind it, -1 with *why.
 */
static int64_t
next_first(int directory, const struct segments *list, size_t i,
    struct why *why)
{
	int64_t next = 0, seq;

	for (i++; i < list->count; i++) {
		seq = segment_first_seq(directory, list->items[i].name, why);
		if (seq == -1)
			return -1;
		if (next == 0)
			next = seq;
		else if (seq > 0 && seq < next)
			return 0;
	}
	return next;
}

static int
old_open(struct journal_old *old, int directory, size_t skip, int64_t needed,
    struct why *why)
{
	struct segments list;
	int fd, result = 0;

	if (segments_list(directory, &list, why) == -1)
		return -1;
	if (skip + 1 < list.count)
		old->limit = next_first(directory, &list, skip, why);
	if (old->limit == -1)
		result = -1;
	else if (old->limit > 0 && old->limit <= needed) {
		memcpy(old->name, list.items[skip].name, sizeof(old->name));
		fd = segment_open(directory, old->name, O_RDONLY, why);
		result = fd == -1 ? -1 : 1;
		if (fd != -1)
			segment_lines_init(&old->lines, fd, 0);
	}
	segments_free(&list);
	return result;
}

struct journal_old *
journal_old_open(const char *directory, size_t skip, int64_t needed,
    const char *instance, struct why *why)
{
	struct journal_old *old = xcalloc(1, sizeof(*old));
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int opened;

	why->code = ERROR_NONE;
	old->directory = xstrdup(directory);
	old->lines.fd = -1;
	(void)snprintf(old->instance, sizeof(old->instance), "%s", instance);
	opened = fd == -1 ? why_errno(why, "open %s", directory) :
	    old_open(old, fd, skip, needed, why);
	if (fd != -1)
		close(fd);
	if (opened != 1)
		journal_old_free(&old);
	return old;
}

/* A new key, with the signature by the one before. */
static int
old_rotation(struct journal_old *old, const char *text, size_t length,
    struct why *why)
{
	struct json *line = json_parse(text, length, why);

	if (line == NULL)
		return -1;
	json_open(&old->rotations, NULL, '{');
	json_put_integer(&old->rotations, "seq", old->last);
	json_put_string(&old->rotations, "key",
	    json_string(json_get(line, "key"), ""));
	json_put_string(&old->rotations, "keySignature",
	    json_string(json_get(line, "keySignature"), ""));
	json_close(&old->rotations, '}');
	json_free(&line);
	return 0;
}

static int
old_line(struct journal_old *old, const char *text, size_t length,
    struct why *why)
{
	struct journal_form form;

	if (journal_form_read(text, length, &form, why) == -1 ||
	    (old->last != 0 && form.seq != old->last + 1))
		return why_set(why, ERROR_VALIDATION_ERROR, "%s: a line after "
		    "%" PRId64 " is wrong, so it is kept", old->name,
		    old->last);
	if (old->first == 0)
		old->first = form.seq;
	old->last = form.seq;
	old->time = form.time;
	memcpy(old->hash, form.hash, sizeof(old->hash));
	return form.event == EVENT_key_rotated ?
	    old_rotation(old, text, length, why) : 0;
}

int
journal_old_read(struct journal_old *old, int lines, struct why *why)
{
	const char *text;
	size_t length;
	int got = 1;

	while (lines-- > 0 && old->last + 1 < old->limit && got == 1) {
		got = segment_lines_next(&old->lines, &text, &length, why);
		if (got == 1 && old_line(old, text, length, why) == -1)
			return -1;
	}
	if (got == -1)
		return -1;
	if (got == 0)
		return why_set(why, ERROR_VALIDATION_ERROR, "%s ends before "
		    "line %" PRId64 ", so it is kept", old->name, old->limit);
	return old->last + 1 == old->limit;
}

int64_t
journal_old_time(const struct journal_old *old)
{
	return old->time;
}

static void
put_end(const struct journal_old *old, struct buf *out)
{
	char hash[HEX_SIZE(JOURNAL_HASH)];

	hex_format(old->hash, JOURNAL_HASH, hash);
	json_put_string(out, "segment", old->name);
	json_put_integer(out, "firstSeq", old->first);
	json_put_integer(out, "lastSeq", old->last);
	json_put_string(out, "lastHash", hash);
}

void
journal_old_fields(const struct journal_old *old, struct buf *fields)
{
	put_end(old, fields);
}

char *
journal_old_path(const struct journal_old *old)
{
	return xasprintf("%s/%s", old->directory, old->name);
}

char *
journal_old_purged_path(const struct journal_old *old)
{
	return xasprintf("%s/%.*s" PURGED_SUFFIX, old->directory,
	    (int)(strlen(old->name) - strlen(SEGMENT_SUFFIX)), old->name);
}

void
journal_old_text(const struct journal_old *old, struct buf *out)
{
	json_open(out, NULL, '{');
	put_end(old, out);
	json_put_string(out, "instance", old->instance);
	json_open(out, "rotations", '[');
	if (old->rotations.len > 0)
		buf_add(out, old->rotations.data, old->rotations.len);
	json_close(out, ']');
	json_close(out, '}');
	buf_char(out, '\n');
}

/* --- going on from them --------------------------------------------------- */

struct names {
	char	**items;		/* own, and each */
	size_t	 count;
};

static int
name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
}

/* In order: their numbers have as many digits as a day's segments need. */
static int
names_read(int directory, struct names *names, struct why *why)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int number;

	*names = (struct names) { NULL, 0 };
	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return why_errno(why, "read the journal's directory");
	}
	while ((errno = 0, entry = readdir(dir)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');

		if (entry->d_name[0] == '.' || dot == NULL ||
		    strcmp(dot, PURGED_SUFFIX) != 0)
			continue;
		names->items = xreallocarray(names->items, names->count + 1,
		    sizeof(*names->items));
		names->items[names->count++] = xstrdup(entry->d_name);
	}
	number = errno;
	closedir(dir);
	errno = number;
	if (number != 0)
		return why_errno(why, "read the journal's directory");
	if (names->count > 0)
		qsort(names->items, names->count, sizeof(*names->items),
		    name_compare);
	return 0;
}

static struct json *
purged_read(int directory, const char *name, struct why *why)
{
	int fd = segment_open(directory, name, O_RDONLY, why);
	char text[4096];
	struct buf all = { .max = PURGED_MAX };
	struct json *json = NULL;
	ssize_t got;

	if (fd == -1)
		return NULL;
	while ((got = read(fd, text, sizeof(text))) > 0)
		buf_add(&all, text, (size_t)got);
	if (got == -1)
		(void)why_errno(why, "read %s", name);
	else if (all.len > 0 && !all.overflow)
		json = json_parse(all.data, all.len, why);
	close(fd);
	buf_free(&all);
	if (got == 0 && json == NULL)
		(void)why_set(why, ERROR_VALIDATION_ERROR,
		    "%s cannot be read", name);
	return json;
}

static int
pass_rotation(struct journal_chain *chain, const struct json *rotation)
{
	const char *key = json_string(json_get(rotation, "key"), "");
	struct buf text = { 0 };
	bool good;

	journal_signed_key(&text, chain->instance,
	    json_integer(json_get(rotation, "seq"), 0), key);
	good = strlen(key) == JOURNAL_KEY_TEXT && journal_key_verifies(
	    chain->key, &text, json_string(json_get(rotation,
	    "keySignature"), ""));
	buf_free(&text);
	if (good)
		memcpy(chain->key, key, sizeof(chain->key));
	return good ? 0 : -1;
}

/* 1, 0 if it is about lines that are there again, -1. */
static int
pass_one(struct journal_chain *chain, const struct json *purged,
    int64_t first, const char *name, struct why *why)
{
	const struct json *rotation = json_first(json_get(purged,
	    "rotations"));
	const char *instance = json_string(json_get(purged, "instance"), "");
	int64_t last = json_integer(json_get(purged, "lastSeq"), 0);

	if (last >= first)
		return 0;	/* a crash came before the segment went */
	if (json_integer(json_get(purged, "firstSeq"), 0) != chain->seq + 1 ||
	    last <= chain->seq || strlen(instance) != JOURNAL_INSTANCE ||
	    (chain->instance[0] != '\0' &&
	    strcmp(chain->instance, instance) != 0))
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "%s does not follow line %" PRId64, name, chain->seq);
	memcpy(chain->instance, instance, sizeof(chain->instance));
	for (; rotation != NULL; rotation = json_next(rotation))
		if (pass_rotation(chain, rotation) == -1)
			return why_set(why, ERROR_VALIDATION_ERROR,
			    "%s has a key that the one before did not sign",
			    name);
	chain->seq = last;
	if (hex_parse(json_string(json_get(purged, "lastHash"), ""),
	    chain->hash, JOURNAL_HASH) == -1)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "%s has no hash", name);
	return 1;
}

int
journal_purged_pass(int directory, int64_t first, struct journal_chain *chain,
    struct why *why)
{
	struct names names;
	struct json *purged;
	int result = names_read(directory, &names, why);

	for (size_t i = 0; i < names.count && result != -1; i++) {
		purged = purged_read(directory, names.items[i], why);
		result = purged == NULL ? -1 : pass_one(chain, purged, first,
		    names.items[i], why);
		json_free(&purged);
	}
	names_free(&names);
	return result == -1 ? -1 : chain->seq > 0;
}

int
journal_purged_instance(int directory, char out[JOURNAL_INSTANCE + 1],
    struct why *why)
{
	struct names names;
	struct json *purged = NULL;
	const char *instance;
	int result = names_read(directory, &names, why);

	if (result == 0 && names.count > 0) {
		purged = purged_read(directory, names.items[names.count - 1],
		    why);
		result = purged == NULL ? -1 : 0;
	}
	instance = json_string(json_get(purged, "instance"), "");
	if (strlen(instance) == JOURNAL_INSTANCE) {
		memcpy(out, instance, JOURNAL_INSTANCE + 1);
		result = 1;
	}
	json_free(&purged);
	names_free(&names);
	return result;
}
