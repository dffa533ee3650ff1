/*
 * local - a ticket's file
 *
 * Nothing here names the file in words that reach the journal: names may be
 * made of metadata.  A disk is given what it gets in portions, each synced
 * before the next, so that the last sync does not hold up the other tickets.
 */
#include <sys/stat.h>
#include <sys/xattr.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/write.h"

#include "workers/storage/provider.h"

#define SYNC_EVERY (8 * 1024 * 1024)	/* bytes */

static const struct config *
config_of(const struct attempt *attempt)
{
	return attempt->config;
}

static const struct local *
local_of(const struct courier *courier)
{
	const struct storage *storage = courier_own(courier);

	return storage->local;
}

/* --- what is there already ------------------------------------------------ */

static int
is_conflict(struct why *why)
{
	return why_set(why, ERROR_CONFLICT, "something else has that name "
	    "already; the destination does not overwrite");
}

/* 1: nothing has the name; 0: what has it is to be compared; -1. */
static int
look_there(struct attempt *attempt, struct why *why)
{
	struct stored *stored = attempt->state;
	struct local_file *file = &stored->local;
	const struct extent *content = &attempt->parcel.content;
	struct stat st;

	if (config_of(attempt)->overwrite)
		return 1;
	file->fd = local_openat(file->directory, file->name,
	    O_RDONLY | O_NONBLOCK);
	if (file->fd == -1 && errno == ENOENT)
		return 1;
	if (file->fd == -1)
		return errno == ELOOP ? is_conflict(why) :
		    local_trouble(why, "open what has that name");
	if (fstat(file->fd, &st) == -1)
		return local_trouble(why, "look at what has that name");
	if (!S_ISREG(st.st_mode) || st.st_size != content->length)
		return is_conflict(why);
	file->there = *content;
	file->there.fd = file->fd;
	file->there.offset = 0;
	file->there.whole = true;
	extent_begin(&file->reader, &file->there);
	file->comparing = true;
	return 0;
}

/* 1: it is the same; 0: as far as was read; -1. */
static int
compare_there(struct attempt *attempt, int64_t *done, struct why *why)
{
	struct stored *stored = attempt->state;
	struct local_file *file = &stored->local;
	int64_t got = extent_read(&file->reader,
	    courier_chunk(attempt->courier), COURIER_CHUNK, why);

	if (got == -1)
		return why->code == ERROR_PAYLOAD_CHANGED ? is_conflict(why) :
		    -1;
	*done += got;
	file->same = got == 0;
	return file->same;
}

/* --- writing -------------------------------------------------------------- */

/* Where the file system keeps none, a repeated attempt knows no file again. */
static void
put_mark(const struct attempt *attempt, int fd)
{
	char mark[LOCATOR_MARK];

	if (!config_of(attempt)->cleanup)
		return;
	locator_mark(attempt, mark);
	if (fsetxattr(fd, LOCAL_MARK, mark, strlen(mark), 0) == -1)
		log_debug("local: no mark: %s", strerror(errno));
}

/* The same at every attempt, so that none is left behind by one that died. */
static void
name_temporary(const struct attempt *attempt, char out[LOCAL_TEMPORARY])
{
	char id[ID_LENGTH + 1];

	id_format(&attempt->facts.id, id);
	(void)snprintf(out, LOCAL_TEMPORARY, ".spoold.%s.%s.part", id,
	    attempt->text[ATTEMPT_destination]);
}

/* It may be a second name of what is there. */
static int
remove_left(const struct attempt *attempt, struct why *why)
{
	const struct stored *stored = attempt->state;
	char name[LOCAL_TEMPORARY];

	name_temporary(attempt, name);
	if (unlinkat(stored->local.directory, name, 0) == -1 &&
	    errno != ENOENT)
		return local_trouble(why, "remove what an attempt left");
	return 0;
}

static int
make_temporary(struct attempt *attempt, struct why *why)
{
	struct stored *stored = attempt->state;
	struct local_file *file = &stored->local;

	name_temporary(attempt, file->temporary);
	file->fd = local_openat(file->directory, file->temporary,
	    O_WRONLY | O_CREAT | O_EXCL);
	if (file->fd == -1) {
		file->temporary[0] = '\0';
		return local_trouble(why, "make a file");
	}
	extent_begin(&file->reader, &attempt->parcel.content);
	put_mark(attempt, file->fd);
	return local_own(local_of(attempt->courier),
	    &config_of(attempt)->local, file->fd, false, why);
}

/* 1: all of it; 0: as far as was read; -1. */
static int
write_piece(struct attempt *attempt, int64_t *done, struct why *why)
{
	struct stored *stored = attempt->state;
	struct local_file *file = &stored->local;
	char *chunk = courier_chunk(attempt->courier);
	int64_t got = extent_read(&file->reader, chunk, COURIER_CHUNK, why);

	if (got <= 0)
		return got == 0 ? 1 : -1;
	if (write_all(file->fd, chunk, (size_t)got) == -1)
		return local_trouble(why, "write");
	*done += got;
	file->written += got;
	if (file->written - file->synced < SYNC_EVERY)
		return 0;
	file->synced = file->written;
	return fdatasync(file->fd) == -1 ? local_trouble(why, "sync") : 0;
}

/* Without replacing, even where the file system cannot do that at once. */
static int
rename_there(const struct local_file *file, bool overwrite)
{
	int directory = file->directory;

	if (renameat2(directory, file->temporary, directory, file->name,
	    overwrite ? 0 : RENAME_NOREPLACE) == 0)
		return 0;
	if (overwrite || (errno != EINVAL && errno != ENOSYS))
		return -1;
	if (linkat(directory, file->temporary, directory, file->name,
	    0) == -1)
		return -1;
	return unlinkat(directory, file->temporary, 0);
}

static int
finish(struct attempt *attempt, struct why *why)
{
	struct stored *stored = attempt->state;
	struct local_file *file = &stored->local;

	if (fsync(file->fd) == -1)
		return local_trouble(why, "sync");
	if (!file->same) {
		if (rename_there(file, config_of(attempt)->overwrite) == -1)
			return errno == EEXIST ? why_set(why,
			    ERROR_UNAVAILABLE, "something has got that name "
			    "just now: the next attempt compares it") :
			    local_trouble(why, "rename");
		file->temporary[0] = '\0';
	}
	return fsync(file->directory) == -1 ?
	    local_trouble(why, "sync a directory") : 0;
}

/* --- the attempt ---------------------------------------------------------- */

/* The directory is open after that, and a file to be compared or written. */
static int
begin(struct attempt *attempt, struct why *why)
{
	struct stored *stored = attempt->state;
	struct local_file *file = &stored->local;
	const struct local_config *config = &config_of(attempt)->local;
	const struct local *local = local_of(attempt->courier);
	int base = local_open(local, config, why), left, result;
	struct why trouble;

	if (base == -1)
		return -1;
	file->base_inode = local_inode_of(base);
	file->directory = local_descend(local, config, base,
	    stored->path.data, &file->name, why);
	if (file->directory == -1)
		return -1;
	file->fd = -1;
	file->begun = true;
	left = remove_left(attempt, &trouble);
	result = look_there(attempt, why);
	if (result != 1) {
		/* It is in nobody's way: the place may be mounted to read. */
		if (left == -1)
			log_debug("local: %s", trouble.text);
		return result;
	}
	if (left == -1) {
		*why = trouble;
		return -1;
	}
	return make_temporary(attempt, why);
}

static int
piece(struct attempt *attempt, int64_t *done, struct why *why)
{
	struct stored *stored = attempt->state;
	const struct local_file *file = &stored->local;

	if (!file->begun && begin(attempt, why) == -1)
		return -1;
	return file->comparing ? compare_there(attempt, done, why) :
	    write_piece(attempt, done, why);
}

/* Trouble of the place is told by its end, which knows whose it is. */
int
local_prepare(struct attempt *attempt, int64_t *done, struct why *why)
{
	struct stored *stored = attempt->state;
	struct local_file *file = &stored->local;
	int result = piece(attempt, done, why);

	if (result != -1 || why->code == ERROR_PAYLOAD_CHANGED)
		return result;
	file->troubled = true;
	file->trouble = *why;
	return 1;
}

static void
end_troubled(struct attempt *attempt, const struct why *why)
{
	struct link_record record;

	if (why->code != ERROR_CONFLICT && why->code != ERROR_REMOTE_FULL &&
	    why->code != ERROR_CONFIG_ERROR) {
		attempt_fail(attempt, why);
		return;
	}
	link_init(&record, LINK_outcome);
	record.outcome.verdict = why->code == ERROR_CONFLICT ?
	    VERDICT_failed : VERDICT_deferred;
	record.outcome.flags = why->code == ERROR_CONFLICT ? 0 :
	    OUTCOME_TRANSPORT;
	record.outcome.error = (int32_t)why->code;
	record.text[OUTCOME_reason] = why->text;
	attempt_end(attempt, &record);
}

/* True if the file is this attempt's, or that of one before it. */
static bool
is_own(const struct attempt *attempt)
{
	const struct stored *stored = attempt->state;
	char mark[LOCATOR_MARK], there[LOCATOR_MARK];

	if (!stored->local.same)
		return true;
	locator_mark(attempt, mark);
	local_mark_of(stored->local.fd, there);
	return strcmp(mark, there) == 0;
}

static int
tell_stored(struct attempt *attempt, struct link_record *record,
    struct why *why)
{
	const struct stored *stored = attempt->state;
	char version[LOCAL_VERSION];

	if (!config_of(attempt)->cleanup || !is_own(attempt))
		return 0;
	if (local_version_of(stored->local.base_inode, stored->local.fd,
	    version, why) == -1)
		return -1;
	locator_tell(attempt, record, version);
	return 0;
}

void
local_send(struct attempt *attempt)
{
	struct stored *stored = attempt->state;
	struct local_file *file = &stored->local;
	struct link_record record;
	struct why why;

	link_init(&record, LINK_outcome);
	if (!file->troubled && (finish(attempt, &file->trouble) == -1 ||
	    tell_stored(attempt, &record, &file->trouble) == -1))
		file->troubled = true;
	if (file->troubled) {
		why = file->trouble;	/* the attempt goes with its end */
		end_troubled(attempt, &why);
		return;
	}
	record.outcome.verdict = VERDICT_delivered;
	record.outcome.bytes = file->written;
	attempt_end(attempt, &record);
}

void
local_close(struct attempt *attempt)
{
	struct stored *stored = attempt->state;
	struct local_file *file = &stored->local;

	extent_free(&file->reader);
	if (!file->begun)
		return;
	if (file->temporary[0] != '\0')
		(void)unlinkat(file->directory, file->temporary, 0);
	if (file->fd != -1)
		(void)close(file->fd);
	(void)close(file->directory);
}

/* --- a trial -------------------------------------------------------------- */

/* A small file, as durable as any, and gone again. */
static int
try_writing(const struct local *local, const struct local_config *config,
    int directory, const char *name, struct why *why)
{
	static const char text[] = "{\"test\":true}\n";
	int fd = local_openat(directory, name, O_WRONLY | O_CREAT | O_EXCL);
	int result;

	if (fd == -1)
		return local_trouble(why, "make a file");
	result = local_own(local, config, fd, false, why);
	if (result == 0 && write_all(fd, text, sizeof(text) - 1) == -1)
		result = local_trouble(why, "write");
	if (result == 0 && fsync(fd) == -1)
		result = local_trouble(why, "sync");
	(void)close(fd);
	if (unlinkat(directory, name, 0) == -1 && result == 0)
		result = local_trouble(why, "remove a file");
	return result;
}

void
local_test(struct trial *trial)
{
	const struct config *config = trial->config;
	const struct local *local = local_of(trial->courier);
	char id[ID_LENGTH + 1], name[sizeof(".spoold.test.") + ID_LENGTH];
	struct why why = { 0 };
	struct link_record record;
	int directory, result = -1;

	id_format(&trial->facts.id, id);
	(void)snprintf(name, sizeof(name), ".spoold.test.%s", id);
	directory = local_open(local, &config->local, &why);
	if (directory != -1) {
		result = try_writing(local, &config->local, directory, name,
		    &why);
		(void)close(directory);
	}
	link_init(&record, LINK_tested);
	record.tested.error = (int32_t)why.code;
	record.text[TESTED_reason] = why.text;
	trial_says(trial, STEP_write, "a file was written and removed");
	trial_step(trial, STEP_write, result == 0, 0,
	    clock_monotonic() - trial->started);
	trial_end(trial, &record);
}

const struct provider provider_local = {
	.prepare = local_prepare,
	.send = local_send,
	.close = local_close,
	.test = local_test,
	.place = local_place,
	.erase = local_erase,
	.erasure_close = local_erasure_close,
};
