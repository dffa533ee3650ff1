/*
 * journal - appending: lines are collected, written at once and synced at once
 *
 * - `pending` holds exactly the lines after `durable`; only a sync that
 *   succeeded takes lines out of it.  So whatever a write or a sync does to
 *   the file, the lines can be written again, byte for byte.
 * - What a short write left in the file is taken away again before anything
 *   else, so that a segment never has half a line in its middle.
 * - A descriptor whose sync failed is closed and its file left as it is: the
 *   kernel reports such an error once, marks the lost pages clean, and would
 *   call the next sync a success.
 * - A line is built once, in `pending` itself, and hashed there.
 */
#include "lib/hex.h"
#include "lib/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/journal_sync.h"
#include "lib/journal_writer.h"

#define SEGMENT_MAX (256 * 1024 * 1024)

void
journal_close(struct journal **jp)
{
	struct journal *j = *jp;

	*jp = NULL;
	if (j == NULL)
		return;
	journal_sync_free(&j->sync);
	if (j->fd != -1)
		close(j->fd);
	if (j->directory != -1)
		close(j->directory);
	buf_free(&j->pending);
	journal_hasher_free(&j->hasher);
	journal_key_free(&j->key);
	free(j->private_key);
	free(j);
}

const char *
journal_instance(const struct journal *j)
{
	return j->instance;
}

int64_t
journal_durable(const struct journal *j)
{
	return j->durable;
}

int64_t
journal_last(const struct journal *j)
{
	return j->seq;
}

int64_t
journal_last_checkpoint(const struct journal *j)
{
	return j->checkpoint;
}

int64_t
journal_needed(const struct journal *j)
{
	return j->needed[0];
}

size_t
journal_pending(const struct journal *j)
{
	return j->pending.len;
}

/* --- lines ---------------------------------------------------------------- */

/* Begins the next line; returns where it begins in `pending`. */
static size_t
line_begin(struct journal *j, enum event event, int64_t now)
{
	size_t begin = j->pending.len;

	if (now != j->time) {
		j->time = now;
		clock_format(now, j->time_text);
	}
	buf_str(&j->pending, "{\"seq\":");
	buf_integer(&j->pending, ++j->seq);
	buf_str(&j->pending, ",\"time\":\"");
	buf_str(&j->pending, j->time_text);
	buf_str(&j->pending, "\",\"event\":\"");
	buf_str(&j->pending, event_name(event));
	buf_char(&j->pending, '"');
	return begin;
}

/* Hashes what is there of the line and adds the hash, its quote left open. */
static void
line_hash(struct journal *j, size_t begin)
{
	char text[HEX_SIZE(JOURNAL_HASH)];

	journal_hash(j->hasher, j->hash, j->pending.data + begin,
	    j->pending.len - begin, j->hash);
	hex_format(j->hash, JOURNAL_HASH, text);
	buf_str(&j->pending, ",\"hash\":\"");
	buf_add(&j->pending, text, sizeof(text) - 1);
}

static void
line_end(struct journal *j, size_t begin)
{
	buf_add(&j->pending, "\"}\n", 3);
	assert(j->pending.len - begin <= JOURNAL_LINE_MAX);
}

static void
add_fields(struct journal *j, const struct buf *fields)
{
	if (fields == NULL || fields->len == 0)
		return;
	buf_char(&j->pending, ',');
	buf_add(&j->pending, fields->data, fields->len);
}

int64_t
journal_add(struct journal *j, enum event event, const struct buf *fields)
{
	return journal_add_at(j, event, clock_wall(), fields);
}

int64_t
journal_add_at(struct journal *j, enum event event, int64_t wall_ms,
    const struct buf *fields)
{
	size_t begin;

	/* The chain of keys hangs on the first line. */
	assert(j->seq > 0 || event == EVENT_start);
	assert(event != EVENT_checkpoint && event != EVENT_key_rotated);
	begin = line_begin(j, event, wall_ms);
	if (j->seq == 1)
		buf_printf(&j->pending, ",\"instance\":\"%s\",\"key\":\"%s\"",
		    j->instance, journal_key_public(j->key));
	add_fields(j, fields);
	line_hash(j, begin);
	line_end(j, begin);
	return j->seq;
}

/* --- keys and checkpoints ------------------------------------------------- */

/* The old key goes when the line that names the new one is durable. */
static int
finish_rotation(struct journal *j, struct why *why)
{
	if (j->rotation == 0 || j->rotation > j->durable)
		return 0;
	if (journal_key_install(j->private_key, why) == -1)
		return -1;
	j->rotation = 0;
	return 0;
}

static void
add_rotation(struct journal *j, const char *public)
{
	char signature[JOURNAL_SIGNATURE_TEXT + 1];
	size_t begin = line_begin(j, EVENT_key_rotated, clock_wall());
	struct buf text = { 0 };

	journal_signed_key(&text, j->instance, j->seq, public);
	journal_key_sign(j->key, &text, signature);
	buf_free(&text);
	buf_printf(&j->pending, ",\"key\":\"%s\",\"keySignature\":\"%s\"",
	    public, signature);
	line_hash(j, begin);
	line_end(j, begin);
	j->rotation = j->seq;
}

/* A new day's key, if the day is new and the last rotation is through. */
static int
rotate_key(struct journal *j, struct why *why)
{
	char today[CLOCK_DAY];
	struct journal_key *next;

	clock_format_day(clock_wall(), today);
	if (finish_rotation(j, why) == -1)
		return -1;
	if (j->rotation != 0 || strcmp(today, j->key_day) <= 0)
		return 0;
	next = journal_key_new(why);
	if (next == NULL)
		return -1;
	if (journal_key_store(next, j->private_key, why) == -1) {
		journal_key_free(&next);
		return -1;
	}
	add_rotation(j, journal_key_public(next));
	journal_key_free(&j->key);
	j->key = next;
	memcpy(j->key_day, today, sizeof(today));
	return 0;
}

int64_t
journal_add_checkpoint(struct journal *j, int64_t up_to,
    const struct buf *in_flight, struct why *why)
{
	char signature[JOURNAL_SIGNATURE_TEXT + 1];
	struct buf text = { 0 };
	size_t begin;

	assert(j->seq > 0);
	if (rotate_key(j, why) == -1)
		return -1;
	begin = line_begin(j, EVENT_checkpoint, clock_wall());
	buf_printf(&j->pending, ",\"upTo\":%" PRId64 ",\"inFlight\":", up_to);
	buf_add(&j->pending, in_flight->data, in_flight->len);
	buf_printf(&j->pending, ",\"key\":\"%s\"", journal_key_public(j->key));
	line_hash(j, begin);
	journal_signed_text(&text, j->instance, j->seq, j->hash);
	journal_key_sign(j->key, &text, signature);
	buf_free(&text);
	buf_printf(&j->pending, "\",\"signature\":\"%s", signature);
	line_end(j, begin);
	j->checkpoint_added = j->seq;
	memmove(j->needed, j->needed + 1,
	    sizeof(j->needed) - sizeof(*j->needed));
	j->needed[JOURNAL_CHECKPOINTS - 1] = j->seq;
	return j->seq;
}

/* --- commit --------------------------------------------------------------- */

/* What goes away by itself, or by somebody's making room. */
static bool
is_shortage(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EMFILE ||
	    error == ENFILE || error == ENOMEM;
}

static bool
segment_is_over(const struct journal *j)
{
	char today[CLOCK_DAY];

	if (j->fd == -1)
		return true;
	clock_format_day(clock_wall(), today);
	return strcmp(today, j->segment.day) > 0 || (j->size > 0 &&
	    j->size + (int64_t)j->pending.len > SEGMENT_MAX);
}

/* 1, 0 if it cannot be now, -1. */
static int
begin_segment(struct journal *j, struct why *why)
{
	char today[CLOCK_DAY];
	int fd;

	clock_format_day(clock_wall(), today);
	fd = segment_create(j->directory, today, &j->segment, why);
	if (fd == -1)
		return is_shortage(why->number) ? 0 : -1;
	if (j->fd != -1)
		close(j->fd);
	j->fd = fd;
	j->size = 0;
	j->broken = false;
	return 1;
}

/* Takes half a write back.  Where that fails too, the file gets no more. */
static int
take_back(struct journal *j, int error, struct why *why)
{
	why->number = error;
	if (ftruncate(j->fd, j->size) == -1 || !is_shortage(error)) {
		j->broken = true;
		return -1;
	}
	return 0;
}

/* 1, 0 if there is no room now, -1 if the segment must not be used again. */
static int
append(struct journal *j, struct why *why)
{
	size_t done = 0;
	ssize_t n;

	while (done < j->pending.len) {
		n = write(j->fd, j->pending.data + done, j->pending.len - done);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			int error = n == -1 ? errno : ENOSPC;

			errno = error;
			why_errno(why, "append to %s", j->segment.name);
			return take_back(j, error, why);
		}
		done += (size_t)n;
	}
	j->written = done;
	j->written_seq = j->seq;
	j->written_checkpoint = j->checkpoint_added;
	return 1;
}

/* Writes all that is pending.  1, 0 if it cannot be now, -1. */
static int
write_pending(struct journal *j, struct why *why)
{
	int r;

	if (j->broken || segment_is_over(j)) {
		r = begin_segment(j, why);
		if (r != 1)
			return r;
	}
	return append(j, why);
}

static int
sync_failed(struct journal *j, struct why *why)
{
	j->broken = true;
	j->written = 0;
	return why_errno(why, "sync %s", j->segment.name);
}

/* What was written is durable. */
static void
synced(struct journal *j)
{
	struct why ignored;

	j->size += (int64_t)j->written;
	buf_consume(&j->pending, j->written);
	j->written = 0;
	j->durable = j->written_seq;
	j->checkpoint = j->written_checkpoint;
	/* The lines are durable all the same; the next checkpoint says why. */
	(void)finish_rotation(j, &ignored);
}

static int
commit_once(struct journal *j, struct why *why)
{
	int r = write_pending(j, why);

	if (r != 1)
		return r;
	if (fdatasync(j->fd) == -1)
		return sync_failed(j, why);
	synced(j);
	return 1;
}

/*
 * Goes on after a first try that returned `r`: one more in a new segment where
 * the old one is broken, made durable before it returns.
 */
static int
try_again(struct journal *j, int r, struct why *why)
{
	if (r == -1 && j->broken)
		r = commit_once(j, why);
	if (r == -1)
		j->dead = true;
	return r;
}

static int
refuse(struct why *why)
{
	return why_set(why, ERROR_UNAVAILABLE,
	    "the journal failed and takes nothing until a restart");
}

bool
journal_syncing(const struct journal *j)
{
	return j->written > 0;
}

int
journal_sync_ready(const struct journal *j)
{
	return journal_sync_fd(j->sync);
}

int
journal_commit(struct journal *j, struct why *why)
{
	if (j->dead)
		return refuse(why);
	if (journal_syncing(j) && journal_end(j, true, why) == -1)
		return -1;
	return j->pending.len == 0 ? 1 :
	    try_again(j, commit_once(j, why), why);
}

/* Begins the sync of what was written. */
static int
begin_sync(struct journal *j, struct why *why)
{
	int r = journal_sync_begin(j->sync, j->fd);

	if (r == -1)
		return sync_failed(j, why);
	if (r == 1)
		synced(j);
	return 1;
}

int
journal_begin(struct journal *j, struct why *why)
{
	int r;

	assert(!journal_syncing(j));
	if (j->dead)
		return refuse(why);
	if (j->pending.len == 0)
		return 1;
	r = write_pending(j, why);
	if (r == 1)
		r = begin_sync(j, why);
	return try_again(j, r, why);
}

int
journal_end(struct journal *j, bool wait, struct why *why)
{
	int r;

	r = journal_sync_end(j->sync, wait);
	if (!journal_syncing(j))
		return 1;
	if (r == -1)
		return try_again(j, sync_failed(j, why), why);
	if (r == 1)
		synced(j);
	return 1;
}
