/*
 * upgrade - an instance on its way to another format
 *
 * A change has happened when its file has the new text, and has not while it
 * has the old one.  So doing and undoing can be cut off anywhere and begun
 * again, and a text that is neither is a person's.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/instance.h"
#include "lib/replace.h"
#include "lib/xalloc.h"

#include "spoold/commands/upgrade_directory.h"
#include "spoold/commands/upgrade_record.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024)	/* bytes */

enum stage { STAGE_BEFORE, STAGE_AFTER, STAGE_OTHER };

/* --- whose it is ---------------------------------------------------------- */

/*
 * Root stays root in a private instance, so it has to be root's own: whose it
 * is could have any file written by what it keeps.
 */
static int
check_owner(const char *path, struct why *why)
{
	struct stat link, st;

	if (lstat(path, &link) == -1 || stat(path, &st) == -1)
		return errno == ENOENT ? 0 : why_errno(why, "look at %s",
		    path);
	if (link.st_uid == geteuid() && st.st_uid == geteuid())
		return 0;
	return why_set(why, ERROR_PERMISSION_DENIED, "%s is somebody else's: "
	    "this is for whose the instance is", path);
}

static int
check_private(const struct conf *conf, struct why *why)
{
	return check_owner(conf->file, why) == -1 ||
	    check_owner(conf->top_state_directory, why) == -1 ? -1 :
	    check_owner(conf->top_spool_directory, why);
}

int
upgrade_open(struct upgrade *u, const struct conf *conf, struct why *why)
{
	char *slash;

	*u = (struct upgrade) { .conf = conf,
	    .user = { .uid = geteuid(), .gid = getegid() } };
	if (instance_is_shared(conf)) {
		if (geteuid() != 0)
			return why_set(why, ERROR_PERMISSION_DENIED, "%s is "
			    "of the system's instance: this is for root",
			    conf->file);
		if (instance_check_file(conf, why) == -1 ||
		    instance_user(conf, &u->user, why) == -1)
			return -1;
	} else if (check_private(conf, why) == -1)
		return -1;
	u->places[UPGRADE_configuration] = xstrdup(conf->file);
	slash = strrchr(u->places[UPGRADE_configuration], '/');
	slash[slash == u->places[UPGRADE_configuration]] = '\0';
	u->places[UPGRADE_state] = xstrdup(conf->top_state_directory);
	u->places[UPGRADE_spool] = xstrdup(conf->top_spool_directory);
	return 0;
}

void
upgrade_close(struct upgrade *u)
{
	struct why ignored;

	if (u->places[UPGRADE_configuration] != NULL)
		(void)upgrade_act(u, UPGRADE_configuration, &ignored);
	for (int i = 0; i < UPGRADE_PLACES; i++)
		free(u->places[i]);
	memset(u, 0, sizeof(*u));
}

int
upgrade_act(const struct upgrade *u, enum upgrade_place place,
    struct why *why)
{
	bool root = place == UPGRADE_configuration;

	if (!instance_is_shared(u->conf))
		return 0;
	/* Root first: nobody else may change the groups. */
	if (seteuid(0) == -1 || setgroups(0, NULL) == -1 ||
	    setegid(root ? 0 : u->user.gid) == -1 ||
	    seteuid(root ? 0 : u->user.uid) == -1)
		return why_errno(why, "become %s",
		    root ? "root" : u->conf->top_user);
	return 0;
}

/* --- one file ------------------------------------------------------------- */

static char *
path_of(const struct upgrade *u, enum upgrade_place place, const char *path)
{
	return xasprintf("%s/%s", u->places[place], path);
}

char *
upgrade_path(const struct upgrade *u, const struct upgrade_change *change)
{
	return path_of(u, change->place, change->path);
}

static int
read_open(int fd, struct buf *text, struct stat *st)
{
	char part[8192];
	ssize_t got;

	if (fstat(fd, st) == -1)
		return -1;
	if (!S_ISREG(st->st_mode)) {
		errno = EINVAL;
		return -1;
	}
	text->max = FILE_MAX;
	buf_str(text, "");
	while ((got = read(fd, part, sizeof(part))) > 0)
		buf_add(text, part, (size_t)got);
	if (got == 0 && text->overflow)
		errno = EFBIG;
	return got == -1 || text->overflow ? -1 : 0;
}

int
upgrade_read(const char *path, struct buf *text, struct stat *st,
    struct why *why)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int result = 1;

	if (fd == -1)
		return errno == ENOENT ? 0 : why_errno(why, "open %s", path);
	if (read_open(fd, text, st) == -1)
		result = why_errno(why, "read %s", path);
	close(fd);
	return result;
}

/* Gives it that text; NULL: there is to be none. */
static int
write_file(const char *path, const struct buf *text, const struct stat *old,
    struct why *why)
{
	int dir = replace_directory(path), result;
	const char *name = strrchr(path, '/') + 1;

	if (dir == -1)
		return why_errno(why, "open what has %s", path);
	if (text != NULL)
		result = replace_file(dir, name, text->data, text->len, old);
	else
		result = unlinkat(dir, name, 0) == -1 ? -1 : fsync(dir);
	if (result == -1)
		(void)why_errno(why, "write %s", path);
	close(dir);
	return result;
}

int
upgrade_tidy(const struct upgrade *u, enum upgrade_place place,
    const char *path, struct why *why)
{
	char *whole = path_of(u, place, path);
	int dir = -1, result = upgrade_act(u, place, why);

	if (result == 0 && ((dir = replace_directory(whole)) == -1 ||
	    replace_tidy(dir, strrchr(whole, '/') + 1) == -1))
		result = why_errno(why, "tidy beside %s", whole);
	if (dir != -1)
		close(dir);
	free(whole);
	return result;
}

/* --- what is collected ---------------------------------------------------- */

static struct upgrade_change *
add(struct upgrade_changes *changes, enum upgrade_place place,
    const char *path)
{
	struct upgrade_change *change;

	changes->items = xreallocarray(changes->items, changes->count + 1,
	    sizeof(*changes->items));
	change = &changes->items[changes->count++];
	*change = (struct upgrade_change) { .place = place,
	    .path = xstrdup(path) };
	return change;
}

int
upgrade_put(const struct upgrade *u, struct upgrade_changes *changes,
    enum upgrade_place place, const char *path, struct buf *after,
    struct why *why)
{
	struct upgrade_change *change = add(changes, place, path);
	char *whole = upgrade_path(u, change);
	struct stat st;
	int found;

	change->after = *after;
	*after = (struct buf) { .max = 0 };
	found = upgrade_read(whole, &change->before, &st, why);
	change->there = found == 1;
	free(whole);
	return found == -1 ? -1 : 0;
}

void
upgrade_make(struct upgrade_changes *changes, const char *path)
{
	add(changes, UPGRADE_spool, path)->directory = true;
}

void
upgrade_free(struct upgrade_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		free(changes->items[i].path);
		buf_free(&changes->items[i].before);
		buf_free(&changes->items[i].after);
	}
	free(changes->items);
	*changes = (struct upgrade_changes) { .items = NULL };
}

/* --- how far it is -------------------------------------------------------- */

static bool
same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len &&
	    (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* A stage of a directory: one with something in it is another one. */
static int
stage_of_directory(const struct upgrade *u, const char *path,
    struct why *why)
{
	bool there;
	int used = upgrade_directory_used(u, path, &there, why);

	if (used != 0)
		return used == -1 ? -1 : STAGE_OTHER;
	return there ? STAGE_AFTER : STAGE_BEFORE;
}

/* Its stage, or -1 with *why; `st` says whose the file is. */
static int
stage_of(const struct upgrade *u, const struct upgrade_change *change,
    struct stat *st, struct why *why)
{
	char *path = upgrade_path(u, change);
	struct buf text = { .max = 0 };
	int stage = STAGE_OTHER, found;

	if (change->directory) {
		stage = stage_of_directory(u, change->path, why);
	} else if ((found = upgrade_read(path, &text, st, why)) == -1) {
		stage = -1;
	} else if (found == 1 && same(&text, &change->after)) {
		stage = STAGE_AFTER;
	} else if ((found == 1) == change->there &&
	    same(&text, &change->before)) {
		stage = STAGE_BEFORE;
	}
	buf_free(&text);
	free(path);
	return stage;
}

/* Appends what is in the way of the change of that number. */
static void
put_other(const struct upgrade *u, const struct upgrade_change *change,
    size_t number, struct buf *words)
{
	char *path = upgrade_path(u, change);
	char *record = upgrade_record_path(u, change->place ==
	    UPGRADE_configuration ? UPGRADE_configuration : UPGRADE_state);

	buf_printf(words, "%s%s ", words->len > 0 ? ", " : "", path);
	if (change->directory)
		buf_str(words, "has something in it");
	else
		buf_printf(words, "was changed since (compare it with "
		    "%s/%zu.after)", record, number);
	free(record);
	free(path);
}

int
upgrade_check(const struct upgrade *u, const struct upgrade_changes *changes,
    bool back, struct buf *words, struct why *why)
{
	int result = 1;

	for (size_t i = 0; i < changes->count; i++) {
		const struct upgrade_change *change = &changes->items[i];
		struct stat st;
		int stage;

		/* What is in a directory is nothing to what makes it. */
		if (change->directory && !back)
			continue;
		if (upgrade_act(u, change->place, why) == -1 ||
		    (stage = stage_of(u, change, &st, why)) == -1)
			return -1;
		if (stage != STAGE_OTHER)
			continue;
		put_other(u, change, i, words);
		result = 0;
	}
	return result;
}

/* --- done and undone ------------------------------------------------------ */

static int
do_one(const struct upgrade *u, const struct upgrade_change *change,
    struct why *why)
{
	struct stat st;
	char *path;
	int stage, result;

	if (change->directory)
		return upgrade_directory_make(u, change->path, why);
	if (upgrade_act(u, change->place, why) == -1)
		return -1;
	stage = stage_of(u, change, &st, why);
	if (stage != STAGE_BEFORE)
		return stage == -1 ? -1 : 0;
	path = upgrade_path(u, change);
	result = write_file(path, &change->after, change->there ? &st : NULL,
	    why);
	free(path);
	return result;
}

static int
undo_one(const struct upgrade *u, const struct upgrade_change *change,
    struct why *why)
{
	struct stat st;
	char *path;
	int stage, result;

	if (upgrade_act(u, change->place, why) == -1)
		return -1;
	stage = stage_of(u, change, &st, why);
	if (stage != STAGE_AFTER)
		return stage == -1 ? -1 : 0;
	path = upgrade_path(u, change);
	result = change->directory ?
	    upgrade_directory_remove(u, change->path, why) :
	    write_file(path, change->there ? &change->before : NULL, &st,
	    why);
	free(path);
	return result;
}

int
upgrade_do(const struct upgrade *u, const struct upgrade_changes *changes,
    struct why *why)
{
	int result = 0;

	for (size_t i = 0; i < changes->count && result == 0; i++)
		result = do_one(u, &changes->items[i], why);
	return result;
}

int
upgrade_undo(const struct upgrade *u, const struct upgrade_changes *changes,
    struct why *why)
{
	int result = 0;

	for (size_t i = changes->count; i > 0 && result == 0; i--)
		result = undo_one(u, &changes->items[i - 1], why);
	return result;
}
