/*
 * flight - one attempt under way
 *
 * The `attempt` line is durable before the worker gets anything: nothing
 * leaves the machine unrecorded.  A flight whose outcome is heard is closed to
 * its worker at once, so that a worker that says two things is believed once.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "spoold/alert.h"
#include "spoold/change.h"
#include "spoold/commit.h"
#include "spoold/fetch.h"
#include "spoold/flight.h"
#include "spoold/moves.h"
#include "spoold/organization.h"
#include "spoold/outcome.h"
#include "spoold/spoold.h"
#include "spoold/target.h"
#include "spoold/worker.h"

static void
flight_close_files(struct flight *flight)
{
	if (flight->job != -1)
		close(flight->job);
	if (flight->payload != -1)
		close(flight->payload);
	flight->job = flight->payload = -1;
}

void
flight_free(struct flight *flight)
{
	flight_close_files(flight);
	if (flight->ticket != -1)
		close(flight->ticket);
	ticket_file_free(&flight->file);
	event_line_free(&flight->line);
	if (flight->stored != NULL)
		stored_free(flight->stored);
	free(flight->stored);
	free(flight->replaces);
	links_forget(flight);
	free(flight);
}

static void
flight_stage(struct flight *flight)
{
	struct target *target = flight->waiting->target;

	flight->staged = true;
	TAILQ_INSERT_TAIL(&target->staged, flight, stage);
	target->staged_count++;
	target->organization->staged++;
}

static void
flight_unstage(struct flight *flight)
{
	struct target *target = flight->waiting->target;

	if (!flight->staged)
		return;
	flight->staged = false;
	TAILQ_REMOVE(&target->staged, flight, stage);
	target->staged_count--;
	target->organization->staged--;
}

void
flight_await_no_more(struct flight *flight)
{
	if (flight->awaited)
		flight->waiting->target->organization->awaited--;
	flight->awaited = false;
}

void
flight_leave_worker(struct flight *flight)
{
	struct waiting *w = flight->waiting;

	flight_unstage(flight);
	if (flight->worker == NULL)
		return;
	worker_release(flight->worker);
	flight->worker = NULL;
	flight_await_no_more(flight);
	w->target->in_flight--;
	w->target->organization->in_flight--;
	flight->spoold->in_flight--;
	flight->spoold->look_for_work = true;
}

/*
 * Opens what the worker will be given.  Returns 1, 0 with *why if the ticket
 * can never be attempted, -1 with *why if it cannot be read.
 */
static int
flight_open(struct flight *flight, struct why *why)
{
	const struct waiting *w = flight->waiting;
	const struct organization *org = w->target->organization;
	char name[TICKET_NAME_MAX], file[ID_LENGTH + 8];
	int result;

	tickets_name(w, name);
	result = spool_open_ticket(org->spool, QUEUE_cur, name, &flight->file,
	    &flight->ticket, why);
	if (result == 0)
		(void)why_set(why, ERROR_INTERNAL_ERROR,
		    "the ticket has left cur/ or is empty");
	if (result != 1)
		return -1;
	flight->doubtful = ticket_file_doubtful(&flight->file);
	id_format(&w->id, file);
	memcpy(file + ID_LENGTH, ".json", sizeof(".json"));
	flight->job = spool_open_file(org->spool, QUEUE_jobs, file, why);
	if (flight->job != -1 && flight->file.facts.job.file != NULL) {
		memcpy(file + ID_LENGTH, ".data", sizeof(".data"));
		flight->payload = spool_open_file(org->spool, QUEUE_jobs, file,
		    why);
		if (flight->payload == -1)
			result = 0;
	} else if (flight->job == -1)
		result = 0;
	if (result == 1)
		return 1;
	if (why->code == ERROR_UNAVAILABLE)
		return -1;
	(void)why_set(why, ERROR_PAYLOAD_NOT_FOUND,
	    "the job or its payload is gone from jobs/");
	return 0;
}

/* Puts a ticket that cannot be attempted where it belongs. */
static void
flight_give_up(struct flight *flight, enum ticket_event event,
    const struct why *why)
{
	struct link_record record;

	outcome_own(&record, why->code, why->text);
	outcome_settle(flight, event, &record);
}

static void
flight_journal(struct flight *flight)
{
	struct waiting *w = flight->waiting;
	struct buf fields = { 0 };
	char id[ID_LENGTH + 1];

	id_format(&w->id, id);
	commit_fields(&fields, w->target->organization->id, id);
	json_put_string(&fields, "dest", w->target->id);
	json_put_string(&fields, "type",
	    transport_name(w->target->destination->transport));
	json_put_integer(&fields, "attempt", flight->attempt);
	if (flight->doubtful)
		json_put_boolean(&fields, "possibleDuplicate", true);
	json_put_string(&fields, "correlationId",
	    flight->file.facts.job.correlation_id);
	flight->seq = commit_line(flight->spoold, EVENT_attempt, &fields);
}

/* Fills in the record that carries the attempt to its worker. */
static void
flight_record(const struct flight *flight, const struct secret *config,
    struct link_record *record)
{
	const struct facts *facts = &flight->file.facts;
	const struct destination *destination =
	    flight->waiting->target->destination;

	link_init(record, LINK_attempt);
	record->text[ATTEMPT_config] = config->data;
	record->text[ATTEMPT_destination] = destination->id;
	record->text[ATTEMPT_name] = facts->name;
	record->text[ATTEMPT_filename] = facts->job.filename != NULL ?
	    facts->job.filename : facts->job.file;
	record->text[ATTEMPT_content_type] = facts->job.content_type;
	record->text[ATTEMPT_correlation_id] = facts->job.correlation_id;
	record->text[ATTEMPT_key] = facts->job.idempotency_key;
	record->text[ATTEMPT_traceparent] = facts->job.traceparent;
	record->text[ATTEMPT_resume] = resume_of(&flight->spoold->resumes,
	    flight->waiting);
	record->text[ATTEMPT_organization] =
	    flight->waiting->target->organization->id;
	record->attempt = (struct link_attempt) {
		.token = (uint64_t)flight->seq,
		.id = facts->id,
		.version = destination->version,
		.timeout = destination->timeout,
		.accepted_at = facts->accepted_at,
		.job_bytes = facts->job_bytes,
		.payload_bytes = facts->payload_bytes,
		.data_offset = facts->job.data.offset,
		.data_length = facts->job.data.length,
		.metadata_offset = facts->job.metadata.offset,
		.metadata_length = facts->job.metadata.length,
		.attempt = flight->attempt,
		.type = (int32_t)facts->job.type,
		.possible_duplicate = flight->doubtful,
		.has_file = flight->payload != -1,
	};
	memcpy(record->attempt.job_sha256, facts->job_sha256, SHA256_LENGTH);
	memcpy(record->attempt.payload_sha256, facts->payload_sha256,
	    SHA256_LENGTH);
	record->fd[0] = flight->job;
	record->fd[1] = flight->payload;
}

static bool
flight_has_expired(const struct flight *flight)
{
	int64_t expires_at = flight->file.facts.job.expires_at;

	return expires_at != 0 && expires_at <= clock_wall();
}

/*
 * When the attempt line is durable; again when one that was staged has its
 * slot, and when a full link has room.
 */
static void
flight_hand_out(struct spoold *s, struct flight *flight)
{
	struct waiting *w = flight->waiting;
	char name[TICKET_NAME_MAX];
	const struct secret *config;
	struct link_record record;
	struct statx stat;
	struct why why;

	if (flight->closed || flight->handed_out || flight->worker == NULL)
		return;		/* its worker died meanwhile, or it has none */
	/* Nothing is handed out that a person has taken out of cur/. */
	tickets_name(w, name);
	if (flight_has_expired(flight) ||
	    spool_stat(w->target->organization->spool, QUEUE_cur, name, &stat,
	    &why) != 1) {
		outcome_withdraw(flight);
		return;
	}
	config = w->target->destination == NULL ? NULL :
	    target_config(s, w->target, &why);
	if (config == NULL) {
		outcome_defer(flight, ERROR_UNAVAILABLE,
		    "the destination's credentials do not open");
		return;
	}
	flight_record(flight, config, &record);
	if (link_check(&record, &why) == -1) {
		/* Somebody edited the ticket; its worker is not to suffer. */
		flight_give_up(flight, TICKET_failed, &why);
		return;
	}
	if (w->target->destination->transport == TRANSPORT_download &&
	    links_look(flight->payload != -1 ? flight->payload : flight->job,
	    &flight->seen, &why) == -1) {
		outcome_defer(flight, why.code, why.text);
		return;
	}
	if (worker_send(flight->worker, &record) != 1)
		return;		/* `able` or `died` goes on with it */
	flight->handed_out = flight->awaited = true;
	flight->version = w->target->destination->version;
	w->target->organization->awaited++;
	flight->heard = clock_monotonic();
	flight_close_files(flight);
}

/* The action of the attempt line. */
static void
flight_synced(struct spoold *s, void *arg)
{
	struct flight *flight = arg;

	flight->unsynced = false;
	flight_hand_out(s, flight);
}

/*
 * True if the ticket had come to its end: a person brought it back while
 * nobody watched.
 */
static bool
flight_is_over(const struct ticket_file *file)
{
	const struct event_line *last;
	size_t count = file->line_count;

	/* What ends links moves no ticket. */
	while (count > 0 && file->lines[count - 1].event == TICKET_revoked)
		count--;
	if (count == 0)
		return false;
	last = &file->lines[count - 1];
	return last->event == TICKET_delivered ||
	    last->event == TICKET_failed || last->event == TICKET_cancelled ||
	    last->event == TICKET_expired || last->to != NULL;
}

/*
 * What cannot be read is no reason to keep the others waiting.  False if it is
 * for want of memory or descriptors, which all of them need.
 */
static bool
flight_unable(struct spoold *s, struct waiting *w, const struct why *why)
{
	struct organization *org = w->target->organization;
	char name[TICKET_NAME_MAX];
	struct change_place place = { QUEUE_cur, name };
	struct statx stat;
	struct why cause;

	tickets_name(w, name);
	log_warning("%s: %s", name, why->text);
	if (why->code == ERROR_UNAVAILABLE)
		return false;
	if (spool_stat(org->spool, QUEUE_cur, name, &stat, &cause) == 0) {
		moves_missed(s, org, w);
		return true;
	}
	if (change_ticket(s, org, CHANGE_hold, &place, false, "spoold",
	    &cause) != 1)
		return false;
	alert_begin(s, ALERT_damaged, "the file of %s cannot be read (%s); it "
	    "is in hold/", name, why->text);
	tickets_place(s, w, QUEUE_hold, 0);
	return true;
}

static void
flight_take_slot(struct flight *flight, struct worker *worker)
{
	flight->worker = worker;
	flight->started = flight->heard = clock_monotonic();
	worker_hold(worker);
	flight->waiting->target->in_flight++;
	flight->waiting->target->organization->in_flight++;
	flight->spoold->in_flight++;
}

bool
flight_start(struct spoold *s, struct waiting *w, struct worker *worker)
{
	struct flight *flight = xcalloc(1, sizeof(*flight));
	struct organization *org = w->target->organization;
	struct why why;
	int result;

	flight->spoold = s;
	flight->waiting = w;
	flight->ticket = flight->job = flight->payload = -1;
	flight->attempt = w->attempts + 1;
	flight->started = flight->heard = clock_monotonic();
	result = flight_open(flight, &why);
	if (result == -1) {
		flight_free(flight);
		return flight_unable(s, w, &why);
	}
	if (flight_is_over(&flight->file)) {
		flight_free(flight);
		moves_returned(s, org, w);
		return true;
	}
	RB_REMOVE(waiting_by_rank, &w->target->ready, w);
	w->placed = false;
	w->flight = flight;
	TAILQ_INSERT_TAIL(&s->flights, flight, entry);
	if (result == 0) {
		flight_give_up(flight, TICKET_failed, &why);
		return true;
	}
	if (flight_has_expired(flight)) {
		(void)why_set(&why, ERROR_EXPIRED,
		    "the job's expiresAt has passed");
		flight_give_up(flight, TICKET_expired, &why);
		return true;
	}
	if (worker == NULL)
		flight_stage(flight);
	else
		flight_take_slot(flight, worker);
	flight_journal(flight);
	flight->unsynced = true;
	commit_then_first(s, org, flight_synced, flight);
	return true;
}

void
flight_dispatch(struct flight *flight, struct worker *worker)
{
	flight_unstage(flight);
	flight_take_slot(flight, worker);
	if (!flight->unsynced)
		flight_hand_out(flight->spoold, flight);
}

/* --- what workers say ---------------------------------------------------- */

static struct flight *
flight_find(const struct spoold *s, const struct worker *worker,
    uint64_t token)
{
	struct flight *flight;

	TAILQ_FOREACH(flight, &s->flights, entry)
		if (flight->worker == worker && flight->handed_out &&
		    (uint64_t)flight->seq == token)
			return flight;
	return NULL;
}

/* Only what has come further than before is no silence. */
static void
flight_moved(struct flight *flight, const struct link_record *record)
{
	struct spoold *s = flight->spoold;

	if (record->progress.bytes > flight->sent) {
		flight->sent = record->progress.bytes;
		flight->heard = clock_monotonic();
	}
	if (record->text[PROGRESS_resume][0] == '\0')
		return;
	resume_keep(&s->resumes, flight->waiting,
	    record->text[PROGRESS_resume]);
	explicit_bzero(s->link_buffer->bytes, s->link_buffer->used);
}

static int
flight_heard(struct spoold *s, struct worker *worker,
    const struct link_record *record, struct why *why)
{
	/* Both begin with their token. */
	struct flight *flight = flight_find(s, worker, record->outcome.token);

	if (record->type == LINK_tested)
		return trial_heard(s, worker, record, why);
	if (record->type == LINK_erased)
		return erasure_heard(s, worker, record, why);
	if (record->type == LINK_fetch)
		return fetch_heard(s, worker, record, why);
	if (record->type != LINK_progress && record->type != LINK_outcome)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "it speaks out of turn");
	if (flight == NULL && record->type == LINK_progress &&
	    erasure_moved(s, worker, record))
		return 0;
	if (flight == NULL)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "it answers for an attempt that it does not hold");
	if (record->type == LINK_outcome)
		outcome_heard(flight, record);
	else
		flight_moved(flight, record);
	return 0;
}

static void
flight_able(struct spoold *s, struct worker *worker)
{
	struct flight *flight, *next;

	s->look_for_work = true;
	fetches_able(s, worker);
	TAILQ_FOREACH_SAFE(flight, &s->flights, entry, next)
		if (flight->worker == worker && !flight->handed_out &&
		    !flight->unsynced)
			flight_hand_out(s, flight);
}

static void
flight_died(struct spoold *s, struct worker *worker, bool asked)
{
	struct flight *flight, *next;

	(void)asked;
	trials_died(s, worker);
	erasures_died(s, worker);
	fetches_died(s, worker);
	TAILQ_FOREACH_SAFE(flight, &s->flights, entry, next) {
		if (flight->worker != worker)
			continue;
		flight_leave_worker(flight);
		/* Stopped without waiting: the next start says `maybe`. */
		if (s->phase >= PHASE_CLOSING)
			continue;
		outcome_defer(flight, ERROR_WORKER_DIED,
		    "the worker process ended before it answered");
	}
}

static const struct pool_owner flight_owner = {
	.heard = flight_heard,
	.able = flight_able,
	.died = flight_died,
};

struct pool *
flight_pool(struct spoold *s, struct organization *org,
    enum transport transport, const char *user)
{
	return pool_new(s, org, transport_name(transport), user,
	    &flight_owner);
}
