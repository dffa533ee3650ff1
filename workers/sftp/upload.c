/*
 * upload - the partial file: found or made, and compared with the content
 *
 * A first attempt expects to find nothing, neither under the name nor of its
 * own.  So it asks for both in one flight: the name is looked for, and the
 * partial file created if there is none.  If it is as expected the writing
 * begins; else what was created goes again, and one step is taken after the
 * other, as in later attempts.
 */
#include <string.h>

#include "workers/sftp/config.h"
#include "workers/sftp/phases.h"

/* --- the first flight ----------------------------------------------------- */

void
begin_claim(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	struct claim *claim = &delivery->claim;

	*claim = (struct claim) { .awaited = 2 };
	phase_ask_path(delivery, WIRE_STAT, delivery->path.data);
	claim->look = delivery->id;
	/* One who knows no EXCLUSIVE is to begin anew at least. */
	phase_ask_open(delivery, delivery->part.data, WIRE_FOR_WRITING |
	    WIRE_CREATING | WIRE_TRUNCATING | WIRE_EXCLUSIVE);
}

/* The name's state is asked for again, where it matters. */
static void
claimed(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	if (delivery->claim.is_free && delivery->handle.length > 0)
		phase_go(attempt, PHASE_write);
	else if (delivery->claim.is_free)
		phase_go(attempt, PHASE_look_part);
	else if (delivery->handle.length > 0) {
		delivery->next = PHASE_unclaim;
		phase_go(attempt, PHASE_close);
	} else
		phase_go(attempt, PHASE_look);
}

void
answer_claim(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;
	struct claim *claim = &delivery->claim;
	bool looked = answer->id == claim->look;

	if (looked && answer->type == WIRE_ATTRS)
		claim->is_free = false;
	else if (looked && answer->type == WIRE_STATUS)
		claim->is_free = answer_is_free(answer);
	else if (!looked && answer->type == WIRE_STATUS)
		delivery->handle.length = 0;
	else if (looked || !phase_take_handle(delivery, answer)) {
		phase_fail_protocol(attempt);
		return;
	}
	if (--claim->awaited == 0)
		claimed(attempt);
}

void
begin_unclaim(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	phase_ask_path(delivery, WIRE_REMOVE, delivery->part.data);
}

void
answer_unclaim(struct attempt *attempt, const struct wire_answer *answer)
{
	(void)answer;
	phase_go(attempt, PHASE_look);
}

/* --- the partial file ----------------------------------------------------- */

/* What an earlier attempt has encrypted, no other can go on with. */
void
begin_look_part(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;

	if (config->encrypt != NULL) {
		phase_go(attempt, PHASE_clear);
		return;
	}
	phase_ask_path(delivery, WIRE_STAT, delivery->part.data);
}

/*
 * What is gone on with stays the same file, to which an earlier attempt's
 * writes may still come late: they have the same bytes at the same places.
 */
void
answer_look_part(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;
	bool is_there = answer->type == WIRE_ATTRS;

	if (answer->type != WIRE_ATTRS && answer->type != WIRE_STATUS) {
		phase_fail_protocol(attempt);
		return;
	}
	delivery->part_size = is_there ? answer->size : 0;
	if (delivery->part_size > 0 && delivery->part_size <=
	    (uint64_t)attempt->parcel.content.length)
		phase_go(attempt, PHASE_open_part);
	else
		phase_go(attempt, is_there ? PHASE_clear : PHASE_create);
}

void
begin_open_part(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	phase_ask_open(delivery, delivery->part.data,
	    WIRE_FOR_READING | WIRE_FOR_WRITING);
}

void
answer_open_part(struct attempt *attempt, const struct wire_answer *answer)
{
	if (phase_take_handle(attempt->state, answer))
		phase_go(attempt, PHASE_resume);
	else if (answer->type == WIRE_STATUS)
		phase_go(attempt, PHASE_clear);
	else
		phase_fail_protocol(attempt);
}

/*
 * A server that hangs in its disk may have requests of an earlier attempt under
 * way still.  So it is a new file that is written: writes that come late go to
 * the one that was removed.  Nor is it created in the same flight: if that
 * came late as a whole, the file that it made would get this one's name; and
 * one that is removed by a late request is missing when it is to be renamed.
 */
void
begin_clear(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	phase_ask_path(delivery, WIRE_REMOVE, delivery->part.data);
}

/* One who may not remove may create, if there is none. */
void
answer_clear(struct attempt *attempt, const struct wire_answer *answer)
{
	const struct delivery *delivery = attempt->state;

	if (answer->type == WIRE_STATUS && (!delivery->cleared_again ||
	    answer->status == WIRE_OK || answer_is_missing(answer)))
		phase_go(attempt, PHASE_create);
	else
		phase_fail_answer(attempt, answer);
}

void
begin_create(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	phase_ask_open(delivery, delivery->part.data, WIRE_FOR_WRITING |
	    WIRE_CREATING | WIRE_TRUNCATING | WIRE_EXCLUSIVE);
}

/* It fails where there is one, be it made in between; that goes, once. */
void
answer_create(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;
	const struct config *config = attempt->config;

	if (phase_take_handle(delivery, answer)) {
		delivery->offset = 0;
		phase_go(attempt, PHASE_write);
	} else if (config->create_directories && delivery->directory > 0 &&
	    !delivery->made_all && answer_is_missing(answer))
		phase_go(attempt, PHASE_make);
	else if (!delivery->cleared_again &&
	    (answer_is_status(answer, WIRE_FAILURE) ||
	    answer_is_status(answer, WIRE_EXISTS_ALREADY))) {
		delivery->cleared_again = true;
		phase_go(attempt, PHASE_clear);
	} else
		phase_fail_answer(attempt, answer);
}

/* One directory after the other, the outermost first. */
void
begin_make(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;
	const char *path = delivery->path.data;
	struct buf directory = { 0 };

	delivery->made += delivery->made > 0 ? 1 : 0;
	delivery->made += strcspn(path + delivery->made, "/");
	buf_add(&directory, path, delivery->made);
	phase_ask_path(delivery, WIRE_MKDIR, directory.data);
	buf_free(&directory);
}

/* Those that are there already fail; whether all are, the file will show. */
void
answer_make(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;

	if (answer->type != WIRE_STATUS) {
		phase_fail_protocol(attempt);
		return;
	}
	delivery->made_all = delivery->made >= delivery->directory;
	phase_go(attempt, delivery->made_all ? PHASE_create : PHASE_make);
}

/* --- resuming ------------------------------------------------------------- */

void
begin_resume(struct attempt *attempt)
{
	struct delivery *delivery = attempt->state;

	delivery->offset = 0;
	extent_begin(&delivery->source, &attempt->parcel.content);
	reader_begin(&delivery->reader, &delivery->handle,
	    delivery->part_size);
	reader_ask(&delivery->reader, &delivery->caller);
}

/* So many bytes of the content; -1 with *why. */
static int
read_whole(struct delivery *delivery, char *out, size_t length,
    struct why *why)
{
	size_t done = 0;

	while (done < length) {
		int64_t got = extent_read(&delivery->source, out + done,
		    (int64_t)(length - done), why);

		if (got == -1)
			return -1;
		if (got == 0)
			return why_set(why, ERROR_PAYLOAD_CHANGED,
			    "the content ends too early");
		done += (size_t)got;
	}
	return 0;
}

/* Nothing more is asked for; what has come counts for nothing. */
static void
stop_comparing(struct delivery *delivery)
{
	size_t length;

	reader_stop(&delivery->reader);
	while (reader_next(&delivery->reader, &length) != NULL)
		;
}

/* 0, or -1 with *why; a piece that differs is kept. */
static int
compare_pieces(struct attempt *attempt, struct why *why)
{
	struct delivery *delivery = attempt->state;
	char *own = courier_chunk(attempt->courier);
	const char *theirs;
	size_t length;

	while (delivery->differs.len == 0 &&
	    (theirs = reader_next(&delivery->reader, &length)) != NULL) {
		if (read_whole(delivery, own, length, why) == -1)
			return -1;
		if (memcmp(own, theirs, length) == 0) {
			delivery->offset += (int64_t)length;
			continue;
		}
		buf_add(&delivery->differs, own, length);
	}
	return 0;
}

void
answer_resume(struct attempt *attempt, const struct wire_answer *answer)
{
	struct delivery *delivery = attempt->state;
	struct caller *caller = &delivery->caller;
	struct why why;

	if (reader_take(&delivery->reader, caller, answer, &why) == -1) {
		outcome_why(&delivery->outcome, &why);
		delivery_end(attempt, false);
		return;
	}
	if (delivery->outcome.error == ERROR_NONE &&
	    compare_pieces(attempt, &why) == -1)
		outcome_why(&delivery->outcome, &why);
	if (delivery->outcome.error != ERROR_NONE || delivery->differs.len > 0)
		stop_comparing(delivery);
	reader_ask(&delivery->reader, caller);
	attempt_moved(attempt, 0);
	if (!reader_done(&delivery->reader))
		return;
	reader_free(&delivery->reader);
	if (delivery->outcome.error != ERROR_NONE)
		phase_conclude(attempt, delivery->outcome.verdict ==
		    VERDICT_failed);
	else
		phase_go(attempt, PHASE_write);
}
