/*
 * parts - an object that is sent in parts
 *
 * A part whose sending fails is sent again up to TRIES times.  When it is
 * given up so is the upload: the server is told to forget the parts, and the
 * attempt ends only after that; unless the next attempt can go on with them.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"

#include "workers/storage/provider.h"

#define TRIES 3
#define WAIT 1000		/* ms before the second; the third: twice */
#define BEGUN_MAX 3		/* an upload that is lost begins so often */

static void	 part_start(struct upload *);
static void	 abort_start(struct upload *);
static void	 complete_start(struct upload *);

/* --- waiting -------------------------------------------------------------- */

void
upload_queue_begin(struct upload_queue *queue)
{
	*queue = (struct upload_queue){ 0 };
	TAILQ_INIT(&queue->waiting);
}

bool
upload_turn(struct courier *courier, struct upload_queue *queue)
{
	int64_t now = clock_monotonic();
	struct upload *upload, *next;
	bool more = false;

	TAILQ_FOREACH_SAFE(upload, &queue->waiting, entry, next) {
		if (upload->due > now) {
			courier_wake(courier, upload->due);
			attempt_moved(upload->attempt, 0);
			continue;
		}
		TAILQ_REMOVE(&queue->waiting, upload, entry);
		upload->queued = false;
		upload->again(upload);
		more = true;
	}
	return more;
}

static void
wait_for(struct upload *upload, void (*again)(struct upload *))
{
	struct storage *storage = courier_own(upload->attempt->courier);

	upload->due = clock_monotonic() + WAIT * (upload->tries > 0 ?
	    upload->tries : 1);
	upload->again = again;
	upload->queued = true;
	TAILQ_INSERT_TAIL(&storage->uploads.waiting, upload, entry);
	courier_wake(upload->attempt->courier, upload->due);
}

/* What began it is a secret where it is a URL. */
static void
forget_id(struct upload *upload)
{
	if (upload->id != NULL)
		explicit_bzero(upload->id, strlen(upload->id));
	free(upload->id);
	upload->id = NULL;
}

void
parts_free(struct upload *upload)
{
	struct storage *storage = courier_own(upload->attempt->courier);

	if (upload->queued)
		TAILQ_REMOVE(&storage->uploads.waiting, upload, entry);
	forget_id(upload);
}

/* --- giving up ------------------------------------------------------------ */

static void
end_kept(struct upload *upload)
{
	struct upload_end end = upload->end;
	struct link_record record;

	link_init(&record, LINK_outcome);
	record.outcome = end.outcome;
	record.text[OUTCOME_reason] = end.reason;
	record.text[OUTCOME_remote] = end.remote;
	record.text[OUTCOME_peer] = end.peer;
	attempt_end(upload->attempt, &record);
}

static void
give_up(struct upload *upload)
{
	const struct cloud *cloud = upload->cloud;

	if (upload->id == NULL || cloud->compose[UPLOAD_abort] == NULL ||
	    (cloud->kept &&
	    upload->end.outcome.verdict != VERDICT_failed)) {
		end_kept(upload);
		return;
	}
	upload->tries = 0;
	abort_start(upload);
}

/* By something on this side. */
void
parts_give_up(struct upload *upload, const struct why *why)
{
	struct upload_end *end = &upload->end;

	end->outcome = (struct link_outcome){
		.verdict = why->code == ERROR_VALIDATION_ERROR ||
		    why->code == ERROR_PAYLOAD_CHANGED ? VERDICT_failed :
		    VERDICT_deferred,
		.error = (int32_t)why->code,
	};
	(void)snprintf(end->reason, sizeof(end->reason), "%s", why->text);
	give_up(upload);
}

static void
give_up_after(struct upload *upload, const struct http_answer *answer)
{
	struct upload_end *end = &upload->end;
	struct verdict_text text;
	struct link_record record;

	if (answer->stopped) {
		parts_give_up(upload, &upload->broken);
		return;
	}
	link_init(&record, LINK_outcome);
	answer_verdict(&upload->call, answer,
	    courier_permanent(upload->attempt->courier), &record, &text);
	/* What is incomplete has not arrived, whatever was sent of it. */
	if (record.outcome.error == ERROR_MAY_HAVE_ARRIVED &&
	    !upload->completing)
		record.outcome.error = ERROR_TIMEOUT;
	/* A step that is done says nothing of the whole. */
	if (record.outcome.verdict == VERDICT_delivered) {
		record.outcome.verdict = VERDICT_deferred;
		record.outcome.error = ERROR_PROTOCOL_ERROR;
		(void)snprintf(text.reason, sizeof(text.reason), "it answered "
		    "%d, and not what was asked for", answer->status);
	}
	end->outcome = record.outcome;
	(void)snprintf(end->reason, sizeof(end->reason), "%s", text.reason);
	(void)snprintf(end->remote, sizeof(end->remote), "%s",
	    text.remote.data != NULL ? text.remote.data : "");
	(void)snprintf(end->peer, sizeof(end->peer), "%s", answer->peer);
	buf_free(&text.remote);
	give_up(upload);
}

/* True if the same request may be taken another time. */
static bool
is_worth_again(const struct upload *upload, const struct http_answer *answer)
{
	int status = answer->status;

	if (answer->stopped || upload->tries >= TRIES ||
	    answer->error == ERROR_EGRESS_DENIED)
		return false;
	/* 308: not all of it is there. */
	return status == 0 || status >= 500 || status == 429 ||
	    status == 308 ||
	    (answer_flags(&upload->call, answer) & CODE_AGAIN) != 0;
}

void
parts_failed(struct upload *upload, const struct http_answer *answer,
    void (*again)(struct upload *))
{
	if (is_worth_again(upload, answer))
		wait_for(upload, again);
	else
		give_up_after(upload, answer);
}

/* Forgotten, or unknown: both leave nothing behind. */
static bool
is_forgotten(int status)
{
	return status / 100 == 2 || status == 404 || status == 410 ||
	    status == 499;
}

static void
abort_done(struct upload *upload, const struct http_answer *answer)
{
	if (!is_forgotten(answer->status)) {
		if (is_worth_again(upload, answer)) {
			wait_for(upload, abort_start);
			return;
		}
		log_warning("parts of an upload to %s stay there: the server "
		    "did not take their abort",
		    upload->attempt->text[ATTEMPT_destination]);
	}
	end_kept(upload);
}

static void
abort_start(struct upload *upload)
{
	struct why why;

	upload->tries++;
	if (upload_step(upload, UPLOAD_abort, abort_done, &why) == -1)
		end_kept(upload);
}

/* --- the end -------------------------------------------------------------- */

/* Somebody was faster. */
static void
give_up_taken(struct upload *upload)
{
	struct why why;

	(void)why_set(&why, ERROR_UNAVAILABLE, "something has got that key "
	    "meanwhile: the next attempt compares it");
	parts_give_up(upload, &why);
}

static void
complete_done(struct upload *upload, const struct http_answer *answer)
{
	struct why why;

	if (upload->conditional && answer->status == 501) {
		upload->conditional = false;	/* it was asked before */
		complete_start(upload);
	} else if (answer_is_taken(&upload->call, answer))
		give_up_taken(upload);
	else if (!upload_is_finished(upload, answer, &why))
		parts_give_up(upload, &why);
	else if (answer_is_good(&upload->call, answer))
		upload_end(upload, answer);
	else if (answer->status >= 500 && is_worth_again(upload, answer))
		wait_for(upload, complete_start);
	else
		give_up_after(upload, answer);
}

static void
complete_start(struct upload *upload)
{
	struct why why;

	upload->tries++;
	upload->completing = true;
	if (upload_step(upload, UPLOAD_complete, complete_done, &why) == -1)
		parts_give_up(upload, &why);
}

/* --- a part --------------------------------------------------------------- */

void
parts_next(struct upload *upload, const struct http_answer *answer)
{
	while (upload->part < upload->part_count &&
	    upload->parts[upload->part].there)
		upload->part++;
	if (upload->part < upload->part_count)
		part_start(upload);
	else if (upload->cloud->compose[UPLOAD_complete] != NULL)
		complete_start(upload);
	else
		upload_end(upload, answer);
}

bool
parts_at(struct upload *upload, int64_t offset)
{
	if (offset < 0 || offset >= upload->attempt->parcel.content.length)
		return false;
	upload->part = (size_t)(offset / upload->part_size);
	upload->skip = offset % upload->part_size;
	return true;
}

void
parts_forget(struct upload *upload)
{
	forget_id(upload);
	for (size_t i = 0; i < upload->part_count; i++)
		upload->parts[i].there = false;
}

void
parts_lost(struct upload *upload)
{
	struct why why;

	parts_forget(upload);
	if (upload->begun >= BEGUN_MAX) {
		(void)why_set(&why, ERROR_PROTOCOL_ERROR, "it has forgotten "
		    "the upload, %d times", BEGUN_MAX);
		parts_give_up(upload, &why);
		return;
	}
	upload->part = 0;
	upload->skip = 0;
	upload->tries = 0;
	upload->completing = false;
	parts_create(upload);
}

static void
part_done(struct upload *upload, const struct http_answer *answer)
{
	enum taken taken = answer->stopped ? TAKEN_not :
	    upload->cloud->part(upload, answer);

	switch (taken) {
	case TAKEN_yes:
		upload->skip = 0;
		upload->part++;
		/* FALLTHROUGH */
	case TAKEN_moved:
		upload->tries = 0;
		parts_next(upload, answer);
		return;
	case TAKEN_lost:
		parts_lost(upload);
		return;
	default:
		if (answer_is_taken(&upload->call, answer))
			give_up_taken(upload);
		else
			parts_failed(upload, answer, upload->cloud->relocate ?
			    upload->cloud->recover : part_start);
	}
}

int
parts_read(struct upload *upload, struct why *why)
{
	char *chunk = courier_chunk(upload->attempt->courier);
	int64_t left = upload->skip, got = 1;

	upload_reads(upload);
	while (left > 0 && got > 0) {
		got = extent_read(&upload->reader, chunk, left <
		    COURIER_CHUNK ? left : COURIER_CHUNK, why);
		left -= got;
	}
	upload->given = upload->skip;
	upload->call.length -= upload->skip;
	return got == -1 ? -1 : 0;
}

static void
part_start(struct upload *upload)
{
	const struct extent *content = &upload->attempt->parcel.content;
	const struct part *part = &upload->parts[upload->part];
	int64_t from = (int64_t)upload->part * upload->part_size;
	int64_t left = content->length - from;
	struct why why;

	upload->tries++;
	upload->completing = upload->part + 1 == upload->part_count &&
	    upload->cloud->compose[UPLOAD_complete] == NULL;
	upload->extent = *content;
	upload->extent.offset += from;
	upload->extent.length = left < upload->part_size ? left :
	    upload->part_size;
	upload->extent.whole = content->whole && left <= upload->part_size;
	memcpy(upload->extent.sha256, part->sha256, SHA256_LENGTH);
	if (upload_step(upload, UPLOAD_part, part_done, &why) == -1)
		parts_give_up(upload, &why);
}

/* --- the beginning -------------------------------------------------------- */

static void
begin_done(struct upload *upload, const struct http_answer *answer)
{
	struct why why;

	if (answer_is_taken(&upload->call, answer))
		give_up_taken(upload);
	else if (answer->status / 100 != 2)
		give_up_after(upload, answer);
	else if (upload->cloud->begun(upload, answer, &why) == -1)
		parts_give_up(upload, &why);
	else
		parts_next(upload, answer);
}

void
parts_create(struct upload *upload)
{
	struct why why;

	upload->begun++;
	if (upload->cloud->compose[UPLOAD_begin] == NULL)
		parts_next(upload, NULL);
	else if (upload_step(upload, UPLOAD_begin, begin_done, &why) == -1)
		attempt_fail(upload->attempt, &why);
}

/* An attempt before this one may have left something. */
void
parts_begin(struct upload *upload)
{
	const struct attempt *attempt = upload->attempt;

	if (upload->cloud->recover != NULL && (attempt->facts.attempt > 1 ||
	    attempt->text[ATTEMPT_resume][0] != '\0'))
		upload->cloud->recover(upload);
	else
		parts_create(upload);
}
