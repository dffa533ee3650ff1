/*
 * sweep_files - the kinds of which each is a file of its own
 *
 * What belongs to clients is judged by its ctime, which nobody can set: a file
 * that was copied with its times is not old.  What spoold writes is judged by
 * its mtime, and a refused drop by that of its reason.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/published_file.h"
#include "lib/receipt.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/drop.h"
#include "spoold/keys.h"
#include "spoold/links.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/sweep_work.h"

#define DROP_WAITS 60000	/* ms in new/ after which one counts as waiting */
#define REASON ".error"
#define LINKED_MORE 1024	/* jobs, by which room for these grows */

/* By its name: whether it is one to look at.  And by what it is, once due. */
typedef bool	 name_fits(const char *name);
typedef bool	 file_spared(struct sweep_work *, const char *name);

struct files {
	enum purge_kind	 kind;
	bool		 hidden;	/* names with a dot before them, too */
	bool		 by_change;	/* its age is its ctime's */
	const char	*beside;	/* or the mtime's of the file of its
					 * name and that, if there; or NULL */
	name_fits	*fits;		/* NULL: any */
	file_spared	*spared;	/* NULL: none */
};

static bool
ends_with(const char *name, const char *ending)
{
	size_t length = strlen(name), tail = strlen(ending);

	return length > tail && strcmp(name + length - tail, ending) == 0;
}

/* --- which ones ----------------------------------------------------------- */

static bool
fits_refused(const char *name)
{
	return ends_with(name, ".json") || ends_with(name, ".json" REASON);
}

static bool
fits_receipt(const char *name)
{
	return ends_with(name, ".json");
}

static bool
fits_key(const char *name)
{
	return strlen(name) == KEY_HEX - 1;
}

/* A drop that is at intake, or judged, names it. */
static bool
spared_payload(struct sweep_work *work, const char *name)
{
	struct drop *drop;

	if (work->drops_wait)
		return true;
	RB_FOREACH(drop, drop_tree, &work->organization->drops.tree)
		if (drop->payload != NULL && strcmp(drop->payload, name) == 0)
			return true;
	return false;
}

/* A reason goes with its drop. */
static bool
spared_refused(struct sweep_work *work, const char *name)
{
	struct statx stat;
	struct why why;
	char *drop;
	bool there;

	if (!ends_with(name, REASON))
		return false;
	drop = xstrdup(name);
	drop[strlen(name) - strlen(REASON)] = '\0';
	there = spool_stat(work->organization->spool, QUEUE_failed, drop,
	    &stat, &why) != 0;
	free(drop);
	return there;
}

/* That of a job of which a ticket waits is written again, and read by then. */
static bool
spared_receipt(struct sweep_work *work, const char *name)
{
	struct id id;

	return receipt_id(name, &id) == 0 &&
	    (tickets_first(work->organization, &id) != NULL ||
	    sweep_is_held(work, &id));
}

/* Its job stays, whatever its tickets say. */
static void
link_lives(struct sweep_work *work, const struct id *id)
{
	if (work->linked_count == work->linked_room) {
		work->linked_room += LINKED_MORE;
		work->linked = xreallocarray(work->linked, work->linked_room,
		    sizeof(*work->linked));
	}
	work->linked[work->linked_count++] = *id;
}

static int
compare_linked(const void *a, const void *b)
{
	return id_compare(a, b);
}

bool
sweep_is_linked(const struct sweep_work *work, const struct id *id)
{
	return work->linked_count > 0 && bsearch(id, work->linked,
	    work->linked_count, sizeof(*work->linked), compare_linked) != NULL;
}

void
sweep_links_free(struct sweep_work *work)
{
	free(work->linked);
	work->linked = NULL;
	work->linked_count = work->linked_room = 0;
}

/* One that lives; one that is damaged is left for a person. */
static bool
spared_link(struct sweep_work *work, const char *name)
{
	char reference[REFERENCE_SIZE];
	struct published_state state;
	struct published p;
	struct why why;
	bool lives, spared;
	int found;

	(void)strlcpy(reference, name, sizeof(reference));
	found = published_load(work->organization->spool, reference, &p,
	    &state, &why);
	/* Nobody can say whose it is: no job may go. */
	if (found == -1 && why.code == ERROR_UNAVAILABLE && !work->failed) {
		work->failed = true;
		work->why = why;
	}
	if (found != 1)
		return true;
	lives = state.revoked_at == 0 && p.expires_at > work->now;
	spared = lives || sweep_is_held(work, &p.id);
	if (lives)
		link_lives(work, &p.id);
	published_free(&p);
	return spared;
}

/* --- the walk ------------------------------------------------------------- */

/*
 * Since when it has been there, wall ms.  A drop was refused when its reason
 * was written: its own times are its owner's, and where it has other names they
 * change whenever one of these goes.
 */
static int64_t
files_rested(struct sweep_work *work, const struct files *files,
    const char *name, const struct statx *stat)
{
	struct statx beside;
	struct why why;
	char *other;
	int found;

	if (files->beside != NULL) {
		work->budget -= SWEEP_STAT;
		other = xasprintf("%s%s", name, files->beside);
		found = spool_stat(work->organization->spool,
		    purge_queue(files->kind), other, &beside, &why);
		free(other);
		if (found == 1)
			return sweep_modified(&beside);
	}
	return files->by_change ? sweep_changed(stat) : sweep_modified(stat);
}

/* Adds it to the batch if it is due.  0, or -1 with *why. */
static int
files_look(struct sweep_work *work, const struct files *files,
    const char *name, struct why *why)
{
	struct statx stat;
	int64_t rested;
	int found;

	work->budget -= SWEEP_STAT;
	found = spool_stat(work->organization->spool,
	    purge_queue(files->kind), name, &stat, why);
	if (found != 1)
		return found;
	rested = files_rested(work, files, name, &stat);
	/* A directory is nobody's file; whoever made it takes it away. */
	if (S_ISDIR(stat.stx_mode) || (files->kind != PURGE_links &&
	    work->now - rested < sweep_retention(work, files->kind)) ||
	    (files->spared != NULL && files->spared(work, name)))
		return 0;
	purge_add(sweep_batch(work, files->kind), name, stat.stx_ino);
	return 0;
}

/* Opens the step's directory, unless that is done. */
static int
work_list(struct sweep_work *work, enum queue queue, bool hidden,
    struct why *why)
{
	const struct spool *spool = work->organization->spool;

	if (work->list == NULL)
		work->list = hidden ? spool_list_all(spool, queue, why) :
		    spool_list(spool, queue, why);
	return work->list == NULL ? -1 : 0;
}

/* At the end of a directory: 1, or -1 if that came too early. */
static int
work_list_end(struct sweep_work *work, enum queue queue, struct why *why)
{
	bool failed = spool_list_failed(work->list);

	spool_list_free(&work->list);
	return failed ? why_set(why, ERROR_UNAVAILABLE,
	    "%s/ cannot be read to its end", queue_name(queue)) : 1;
}

static int
files_step(struct sweep_work *work, const struct files *files,
    struct why *why)
{
	enum queue queue = purge_queue(files->kind);
	const char *name, *day;

	if (work_list(work, queue, files->hidden, why) == -1)
		return -1;
	while (work->budget-- > 0) {
		if (work->filling != NULL && purge_is_full(work->filling)) {
			sweep_flush(work);
			return 0;
		}
		name = spool_list_next(work->list, &day);
		if (name == NULL) {
			sweep_flush(work);
			return work_list_end(work, queue, why);
		}
		if ((files->fits == NULL || files->fits(name)) &&
		    files_look(work, files, name, why) == -1)
			return -1;
	}
	return 0;
}

int
sweep_tmp(struct sweep_work *work, struct why *why)
{
	static const struct files files = { PURGE_tmp, true, true, NULL, NULL,
	    NULL };

	return files_step(work, &files, why);
}

int
sweep_payloads(struct sweep_work *work, struct why *why)
{
	static const struct files files = { PURGE_payloads, true, true, NULL,
	    NULL, spared_payload };

	return work->drops_wait ? 1 : files_step(work, &files, why);
}

int
sweep_refused(struct sweep_work *work, struct why *why)
{
	static const struct files files = { PURGE_refused, false, true, REASON,
	    fits_refused, spared_refused };

	return files_step(work, &files, why);
}

int
sweep_receipts(struct sweep_work *work, struct why *why)
{
	static const struct files files = { PURGE_receipts, false, false, NULL,
	    fits_receipt, spared_receipt };

	return files_step(work, &files, why);
}

int
sweep_keys(struct sweep_work *work, struct why *why)
{
	static const struct files files = { PURGE_keys, false, false, NULL,
	    fits_key, NULL };

	return files_step(work, &files, why);
}

/*
 * They stay as long as they can be fetched, and no longer, whatever their age;
 * and so do their jobs, which come next.
 */
int
sweep_links(struct sweep_work *work, struct why *why)
{
	static const struct files files = { PURGE_links, false, false, NULL,
	    published_named, spared_link };
	int through = files_step(work, &files, why);

	if (through == 1 && work->linked_count > 1)
		qsort(work->linked, work->linked_count,
		    sizeof(*work->linked), compare_linked);
	return through;
}

/* --- drops that wait ------------------------------------------------------ */

/* Of a spool that was restored some wait in hold/, however long. */
static bool
drop_waits(const struct sweep_work *work, enum queue queue, const char *name)
{
	struct ticket ticket;
	struct statx stat;
	struct why why;

	return drop_named(name) && ticket_parse(name, &ticket) == -1 &&
	    (queue == QUEUE_hold || (spool_stat(work->organization->spool,
	    queue, name, &stat, &why) == 1 &&
	    work->now - sweep_changed(&stat) >= DROP_WAITS));
}

/* A waiting drop's payload may be as old as it likes. */
static int
drops_step(struct sweep_work *work, enum queue queue, struct why *why)
{
	const char *name, *day;

	if (work_list(work, queue, false, why) == -1)
		return -1;
	while (work->budget > 0) {
		name = work->drops_wait ? NULL :
		    spool_list_next(work->list, &day);
		if (name == NULL)
			return work_list_end(work, queue, why);
		work->budget -= SWEEP_STAT;
		work->drops_wait = drop_waits(work, queue, name);
	}
	return 0;
}

int
sweep_held_drops(struct sweep_work *work, struct why *why)
{
	return drops_step(work, QUEUE_hold, why);
}

int
sweep_new_drops(struct sweep_work *work, struct why *why)
{
	return drops_step(work, QUEUE_new, why);
}

/* --- days of done/ and stored/ -------------------------------------------- */

/*
 * What a crash left of a file that was to come there.  What is no day, or
 * cannot be gone into, is left to whoever removes days.
 */
static void
day_tidy(const struct spool *spool, enum queue queue, const char *day)
{
	char path[CLOCK_DAY + sizeof(SPOOL_REPLACING)];
	struct why why;

	(void)snprintf(path, sizeof(path), "%s/%s", day, SPOOL_REPLACING);
	if (spool_remove(spool, queue, path, &why) == -1)
		log_debug("%s: %s", path, why.text);
}

/* Of those of which all should be gone; one that is not empty stays. */
static int
days_remove(const struct sweep_work *work, enum queue queue, DIR *dir,
    const char *last, struct why *why)
{
	const struct spool *spool = work->organization->spool;
	struct dirent *entry;
	int result = 0;

	while (result != -1 && (errno = 0, entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    strlen(entry->d_name) == CLOCK_DAY - 1 &&
		    strcmp(entry->d_name, last) < 0) {
			day_tidy(spool, queue, entry->d_name);
			result = spool_remove_day(spool, queue, entry->d_name,
			    why);
		}
	if (result != -1 && errno != 0)
		result = why_errno(why, "read %s/", queue_name(queue));
	return result == -1 ? -1 : 1;
}

static int
queue_remove_days(const struct sweep_work *work, enum queue queue,
    int64_t until, struct why *why)
{
	char last[CLOCK_DAY];
	int fd, result;
	DIR *dir;

	fd = openat(spool_directory(work->organization->spool, queue), ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd == -1 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		result = why_errno(why, "read %s/", queue_name(queue));
		if (fd != -1)
			close(fd);
		return result;
	}
	clock_format_day(until, last);
	result = days_remove(work, queue, dir, last, why);
	closedir(dir);
	return result;
}

int
sweep_days(struct sweep_work *work, struct why *why)
{
	if (work->dry)
		return 1;
	if (queue_remove_days(work, QUEUE_stored, work->now, why) == -1)
		return -1;
	return queue_remove_days(work, QUEUE_done, work->now -
	    sweep_retention(work, PURGE_delivered), why);
}
