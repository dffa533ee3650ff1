/*
 * upgrade_record - what an upgrade changes, kept beside it
 *
 * That of the state is spoold's to write, so root reads and writes it as that
 * user, and nothing in it is about a file of anybody else's.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/format.h"
#include "lib/json.h"
#include "lib/replace.h"
#include "lib/xalloc.h"
#include "spool-layout/layout.h"

#include "spoold/commands/upgrade_record.h"

#define INDEX "changes"
#define NAME_SIZE 32

static const char *const place_names[UPGRADE_PLACES] = {
	[UPGRADE_configuration] = "configuration",
	[UPGRADE_state] = "state",
	[UPGRADE_spool] = "spool",
};

char *
upgrade_record_path(const struct upgrade *u, enum upgrade_place place)
{
	return place == UPGRADE_configuration ?
	    xasprintf("%s.before-format-%d", u->conf->file, format_known()) :
	    xasprintf("%s/.before-format-%d", u->places[place],
	    format_known());
}

/* --- written -------------------------------------------------------------- */

static void
print_changes(struct buf *out, const struct upgrade_changes *changes)
{
	json_open(out, NULL, '{');
	json_put_integer(out, "from", changes->from);
	json_put_integer(out, "to", changes->to);
	json_open(out, "changes", '[');
	for (size_t i = 0; i < changes->count; i++) {
		const struct upgrade_change *change = &changes->items[i];

		json_open(out, NULL, '{');
		json_put_string(out, "place", place_names[change->place]);
		json_put_string(out, "path", change->path);
		json_put_boolean(out, "directory", change->directory);
		json_put_boolean(out, "there", change->there);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_close(out, '}');
	buf_char(out, '\n');
}

/* Both texts of a change, as the file's owner and mode have them. */
static int
write_texts(const struct upgrade *u, int dir, size_t number,
    const struct upgrade_change *change, struct why *why)
{
	char name[NAME_SIZE], *path = upgrade_path(u, change);
	struct stat st = { .st_mode = 0600, .st_uid = geteuid(),
		.st_gid = getegid() };
	int result = 0;

	if (change->there && stat(path, &st) == -1)
		result = why_errno(why, "look at %s", path);
	(void)snprintf(name, sizeof(name), "%zu.before", number);
	if (result == 0 && change->there && replace_file(dir, name,
	    change->before.data, change->before.len, &st) == -1)
		result = why_errno(why, "keep %s", path);
	(void)snprintf(name, sizeof(name), "%zu.after", number);
	if (result == 0 && replace_file(dir, name, change->after.data,
	    change->after.len, &st) == -1)
		result = why_errno(why, "keep %s", path);
	free(path);
	return result;
}

/* In the open directory, which is empty. */
static int
write_all_of(const struct upgrade *u, int dir,
    const struct upgrade_changes *changes, struct why *why)
{
	struct buf text = { .max = 0 };
	int result = 0;

	for (size_t i = 0; i < changes->count && result == 0; i++)
		if (!changes->items[i].directory)
			result = write_texts(u, dir, i, &changes->items[i],
			    why);
	print_changes(&text, changes);
	if (result == 0 && replace_file(dir, INDEX, text.data, text.len,
	    NULL) == -1)
		result = why_errno(why, "write " INDEX);
	buf_free(&text);
	return result;
}

/* The names that lead to a directory, durable. */
static int
sync_parent(const char *path, struct why *why)
{
	int fd = replace_directory(path), result = 0;

	if (fd == -1 || fsync(fd) == -1)
		result = why_errno(why, "sync what has %s", path);
	if (fd != -1)
		close(fd);
	return result;
}

static int
make(const char *path, struct why *why)
{
	int dir;

	if (mkdir(path, 0700) == -1)
		return why_errno(why, "create directory %s", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir != -1 ? dir : why_errno(why, "open %s", path);
}

int
upgrade_record_write(const struct upgrade *u, enum upgrade_place place,
    const struct upgrade_changes *changes, struct why *why)
{
	char *path = upgrade_record_path(u, place);
	int dir = -1, result = upgrade_record_remove(u, place, why);

	if (result == 0 && (dir = make(path, why)) == -1)
		result = -1;
	if (result == 0)
		result = write_all_of(u, dir, changes, why);
	if (result == 0)
		result = sync_parent(path, why);
	if (dir != -1)
		close(dir);
	free(path);
	return result;
}

/* --- read ----------------------------------------------------------------- */

static int
damaged(const char *path, struct why *why)
{
	return why_set(why, ERROR_CONFIG_ERROR, "%s says nothing of an "
	    "upgrade that can be read", path);
}

/* What of a place's record may be about: nothing that is another's. */
static int
place_of(const char *name, enum upgrade_place owner)
{
	for (int i = 0; i < UPGRADE_PLACES; i++)
		if (strcmp(place_names[i], name) == 0 &&
		    (i == UPGRADE_configuration) ==
		    (owner == UPGRADE_configuration))
			return i;
	return -1;
}

/* True if a path leads down only, by names. */
static bool
leads_down(const char *path)
{
	size_t length;

	for (;; path += length + 1) {
		length = strcspn(path, "/");
		if (length == 0 || (length == 1 && path[0] == '.') ||
		    (length == 2 && memcmp(path, "..", 2) == 0))
			return false;
		if (path[length] == '\0')
			return true;
	}
}

/* Files are anywhere below their place, directories the spool's queues. */
static bool
may_change(const struct upgrade_change *change)
{
	const char *slash = strchr(change->path, '/');

	return leads_down(change->path) && (!change->directory ||
	    (change->place == UPGRADE_spool && slash != NULL &&
	    queue_by_name(slash + 1) != -1));
}

static int
read_texts(const char *path, size_t number, struct upgrade_change *change,
    struct why *why)
{
	char *before = xasprintf("%s/%zu.before", path, number);
	char *after = xasprintf("%s/%zu.after", path, number);
	struct stat st;
	int result = 1;

	if (change->there)
		result = upgrade_read(before, &change->before, &st, why);
	if (result == 1)
		result = upgrade_read(after, &change->after, &st, why);
	if (result == 0)
		result = damaged(path, why);
	free(before);
	free(after);
	return result == 1 ? 0 : -1;
}

static int
read_changes(const char *path, enum upgrade_place owner,
    const struct json *json, struct upgrade_changes *changes,
    struct why *why)
{
	const struct json *each = json_first(json_get(json, "changes"));
	int place, result = 0;

	changes->from = (int)json_integer(json_get(json, "from"), -1);
	changes->to = (int)json_integer(json_get(json, "to"), -1);
	changes->items = xcalloc(json_count(json_get(json, "changes")) + 1,
	    sizeof(*changes->items));
	if (changes->from < 0 || changes->to != format_known())
		return damaged(path, why);
	for (; each != NULL && result == 0; each = json_next(each)) {
		struct upgrade_change *change =
		    &changes->items[changes->count];

		place = place_of(json_string(json_get(each, "place"), ""),
		    owner);
		if (place == -1)
			return damaged(path, why);
		*change = (struct upgrade_change) {
			.place = (enum upgrade_place)place,
			.path = xstrdup(json_string(json_get(each, "path"),
			    "")),
			.directory = json_boolean(json_get(each, "directory"),
			    false),
			.there = json_boolean(json_get(each, "there"), false),
		};
		changes->count++;
		if (!may_change(change))
			return damaged(path, why);
		if (!change->directory)
			result = read_texts(path, changes->count - 1, change,
			    why);
	}
	return result;
}

int
upgrade_record_read(const struct upgrade *u, enum upgrade_place place,
    struct upgrade_changes *changes, struct why *why)
{
	char *path = upgrade_record_path(u, place);
	char *index = xasprintf("%s/" INDEX, path);
	struct buf text = { .max = 0 };
	struct json *json;
	struct stat st;
	int result = upgrade_read(index, &text, &st, why);

	if (result == 1) {
		json = json_parse(text.data, text.len, why);
		if (json == NULL)
			result = damaged(path, why);
		else if (read_changes(path, place, json, changes, why) == -1)
			result = -1;
		json_free(&json);
	}
	buf_free(&text);
	free(index);
	free(path);
	return result;
}

int
upgrade_record_missing(const struct upgrade *u, enum upgrade_place place,
    int to, struct why *why)
{
	bool state = place == UPGRADE_state;
	const char *path = state ? u->places[place] : u->conf->file;
	char *record = upgrade_record_path(u, place);
	struct buf text = { .max = 0 };
	struct stat st;
	int format = -1, result = upgrade_act(u, place, why);

	if (result == 0 && state)
		format = format_of_state(path, why);
	else if (result == 0 && upgrade_read(path, &text, &st, why) != -1)
		format = format_of_text(&text);
	if (format == -1)
		result = -1;
	else if (format > to)
		result = why_set(why, ERROR_CONFLICT, "%s is of format %d, "
		    "and what it was in format %d is not kept: restore %s "
		    "from a backup; nothing was changed", path, format, to,
		    record);
	buf_free(&text);
	free(record);
	return result;
}

/* --- removed -------------------------------------------------------------- */

/* The index first: from then on it is none. */
static int
empty(int fd, struct why *why)
{
	DIR *dir;
	struct dirent *entry;
	int result = 0;

	if ((unlinkat(fd, INDEX, 0) == -1 && errno != ENOENT) ||
	    fsync(fd) == -1 || (dir = fdopendir(fd)) == NULL) {
		(void)why_errno(why, "remove " INDEX);
		close(fd);
		return -1;
	}
	while (result == 0 && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    unlinkat(fd, entry->d_name, 0) == -1)
			result = why_errno(why, "remove %s", entry->d_name);
	closedir(dir);
	return result;
}

int
upgrade_record_remove(const struct upgrade *u, enum upgrade_place place,
    struct why *why)
{
	char *path = upgrade_record_path(u, place);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int result = 0;

	if (fd == -1 && errno != ENOENT)
		result = why_errno(why, "open %s", path);
	else if (fd != -1) {
		result = empty(fd, why);
		if (result == 0 && rmdir(path) == -1)
			result = why_errno(why, "remove %s", path);
		if (result == 0)
			result = sync_parent(path, why);
	}
	free(path);
	return result;
}
