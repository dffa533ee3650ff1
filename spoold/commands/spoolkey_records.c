/*
 * spoolkey_records - the records of what is to be erased, in stored/
 *
 * They are sealed for years, so they go along with each new key.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/spool.h"
#include "lib/stored_file.h"
#include "lib/xalloc.h"

#include "spoold/commands/spoolkey.h"

struct walk {
	struct keys	*keys;		/* borrowed */
	struct spool	*spool;		/* own */
	const char	*organization;	/* borrowed */
	bool		 reseal;
};

/* Sealed anew in its place, with its time. */
static int
record_reseal(const struct walk *walk, const char *path,
    struct stored_record *record, const struct buf *opened, struct why *why)
{
	struct buf text = { 0 };
	struct statx stat;
	int result;

	if (stored_seal(record, walk->keys->vault, walk->organization,
	    opened->data, why) == -1)
		return -1;
	if (spool_stat(walk->spool, QUEUE_stored, path, &stat, why) != 1)
		return -1;
	stored_print(&text, record);
	result = spool_replace(walk->spool, QUEUE_stored, path, text.data,
	    text.len, why);
	buf_free(&text);
	if (result != -1)
		result = spool_set_due(walk->spool, QUEUE_stored, path,
		    clock_from_timespec((struct timespec) {
		    .tv_sec = stat.stx_mtime.tv_sec,
		    .tv_nsec = stat.stx_mtime.tv_nsec }), why);
	return result == -1 ? -1 : 0;
}

static int
record_seen(void *arg, const char *path, struct stored_record *record,
    struct why *why)
{
	const struct walk *walk = arg;
	struct keys *keys = walk->keys;
	struct buf opened = { 0 };
	bool is_old;
	int result = 0;

	keys->organization = walk->organization;
	keys->name = path;
	if (record == NULL) {
		keys->unread++;
		if (keys->tell)
			keys_tell_closed(keys, "stored", why);
		return 0;
	}
	is_old = !vault_is_current(keys->vault, record->sealed);
	keys->records++;
	keys->values++;
	keys->old += is_old;
	if (stored_open(record, keys->vault, walk->organization, &opened,
	    why) == -1) {
		keys->closed++;
		if (keys->tell)
			keys_tell_closed(keys, "stored", why);
	} else if (walk->reseal && is_old)
		result = record_reseal(walk, path, record, &opened, why);
	buf_wipe(&opened);
	return result;
}

int
keys_records(struct keys *keys, const char *directory,
    const char *organization, bool reseal, struct why *why)
{
	struct walk walk = { .keys = keys, .organization = organization,
		.reseal = reseal };
	char *path = xasprintf("%s/%s", directory, organization);
	struct stat st;
	int result = stat(path, &st);

	free(path);
	if (result == -1 && errno == ENOENT)
		return 0;
	walk.spool = spool_open(directory, organization, why);
	if (walk.spool == NULL)
		return -1;
	result = stored_each(walk.spool, record_seen, &walk, why);
	/* Before the old key goes. */
	if (result == 0 && reseal &&
	    syncfs(spool_directory(walk.spool, QUEUE_stored)) == -1)
		result = why_errno(why, "sync the spool");
	spool_close(&walk.spool);
	return result;
}
