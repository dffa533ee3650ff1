/*
 * journal_open - opening for appending
 *
 * Keys exist before the first line names them, and the private one that is
 * kept is always the one whose public part the journal calls current: were it
 * another, nothing signed with it could ever be verified, so that is refused.
 */
#include "lib/hex.h"
#include "lib/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "lib/journal_recover.h"
#include "lib/journal_sync.h"
#include "lib/journal_writer.h"
#include "lib/xalloc.h"

/* A new journal: an instance, a key, and its public part for verifying. */
static int
begin_journal(struct journal *j, const struct journal_place *place,
    struct why *why)
{
	unsigned char raw[JOURNAL_INSTANCE / 2];
	int r;

	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "OpenSSL gives no random bytes");
	hex_format(raw, sizeof(raw), j->instance);
	clock_format_day(clock_wall(), j->key_day);
	r = journal_key_load(place->private_key, NULL, &j->key, why);
	if (r == 0) {
		j->key = journal_key_new(why);
		if (j->key == NULL || journal_key_store(j->key,
		    place->private_key, why) == -1 ||
		    journal_key_install(place->private_key, why) == -1)
			r = -1;
	}
	if (r == -1)
		return -1;
	return journal_key_publish(j->key, place->public_key, why);
}

static int
continue_journal(struct journal *j, const struct journal_place *place,
    const struct journal_recovered *recovered, struct why *why)
{
	int r;

	memcpy(j->instance, recovered->chain.instance, sizeof(j->instance));
	clock_format_day(recovered->key_time, j->key_day);
	r = journal_key_load(place->private_key, recovered->chain.key, &j->key,
	    why);
	if (r == 0)
		return why_set(why, ERROR_CONFIG_ERROR,
		    "%s: not the key that the journal in %s names last; "
		    "restore both from the same time", place->private_key,
		    place->directory);
	return r == 1 ? 0 : -1;
}

/* The last segment, to go on in. */
static int
open_last(struct journal *j, const struct segments *list, struct why *why)
{
	struct stat st;

	if (list->count == 0)
		return 0;
	j->segment = list->items[list->count - 1];
	j->fd = segment_open(j->directory, j->segment.name,
	    O_WRONLY | O_APPEND, why);
	if (j->fd == -1)
		return -1;
	if (fstat(j->fd, &st) == -1)
		return why_errno(why, "look at %s", j->segment.name);
	j->size = st.st_size;
	return 0;
}

static int
open_directory(const char *path, struct why *why)
{
	int fd;

	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return why_errno(why, "create %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd == -1 ? why_errno(why, "open %s", path) : fd;
}

static int
open_journal(struct journal *j, const struct journal_place *place,
    struct journal_recovered *recovered, struct why *why)
{
	j->hasher = journal_hasher_new(why);
	if (j->hasher == NULL)
		return -1;
	j->directory = open_directory(place->directory, why);
	if (j->directory == -1)
		return -1;
	if (journal_recover(j->directory, j->hasher, recovered, why) == -1)
		return -1;
	j->seq = j->durable = recovered->chain.seq;
	j->checkpoint = j->checkpoint_added = recovered->found.checkpoint;
	memcpy(j->needed, recovered->needed, sizeof(j->needed));
	memcpy(j->hash, recovered->chain.hash, sizeof(j->hash));
	if (open_last(j, &recovered->list, why) == -1)
		return -1;
	if (recovered->found.fresh)
		return begin_journal(j, place, why);
	return continue_journal(j, place, recovered, why);
}

struct journal *
journal_open(const struct journal_place *place, struct journal_found *found,
    struct why *why)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	struct journal_recovered recovered = { 0 };

	j->directory = j->fd = -1;
	j->time = -1;
	j->sync = journal_sync_new();
	j->private_key = xstrdup(place->private_key);
	if (open_journal(j, place, &recovered, why) == -1)
		journal_close(&j);
	else
		*found = recovered.found;
	segments_free(&recovered.list);
	return j;
}
