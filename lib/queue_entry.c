/*
 * queue_entry - one line of the queue: a ticket, or a drop that has none
 *
 * The JSON always has all fields, null where there is nothing to say, because
 * programs rely on it.
 */
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/queue_entry.h"

void
entry_of_ticket(struct entry *entry, enum queue queue,
    const struct ticket *ticket, const struct statx *stat,
    const struct ticket_file *file)
{
	const struct event_line *last = file == NULL ? NULL :
	    ticket_file_last(file);

	*entry = (struct entry) { .queue = queue, .ticket = *ticket,
		.size = -1, .arrived = id_time(&ticket->id) };
	if (queue == QUEUE_retry) {
		entry->due = clock_from_timespec((struct timespec) {
			stat->stx_mtime.tv_sec, stat->stx_mtime.tv_nsec });
		entry->waiting_for = ticket->attempts == 0 ? "deliverAt" :
		    "backoff";
	} else if (queue == QUEUE_hold)
		entry->waiting_for = "hold";
	if (file != NULL) {
		entry->size = file->facts.payload_bytes;
		entry->arrived = file->facts.accepted_at;
	}
	if (last != NULL) {
		entry->reason = last->reason;
		entry->error = last->error;
	}
}

void
entry_of_drop(struct entry *entry, const char *organization,
    const char *name, const struct statx *stat)
{
	*entry = (struct entry) { .queue = QUEUE_new, .drop = true,
		.size = (int64_t)stat->stx_size };
	id_make(organization, name, stat, &entry->ticket.id);
	entry->arrived = id_time(&entry->ticket.id);
}

void
entry_of_refused(struct entry *entry, const struct id *id,
    const struct statx *stat, const struct json *error)
{
	*entry = (struct entry) { .queue = QUEUE_failed, .drop = true,
		.ticket.id = *id, .size = (int64_t)stat->stx_size,
		.arrived = id_time(id) };
	entry->reason = json_string(json_get(error, "message"), NULL);
	entry->error = error_by_name(json_string(json_get(error, "code"),
	    ""));
}

static void
put_time_or_null(struct buf *out, const char *name, int64_t wall_ms)
{
	if (wall_ms == 0)
		json_put_null(out, name);
	else
		json_put_time(out, name, wall_ms);
}

static void
put_text_or_null(struct buf *out, const char *name, const char *text)
{
	if (text == NULL)
		json_put_null(out, name);
	else
		json_put_string(out, name, text);
}

static void
put_number_or_null(struct buf *out, const char *name, bool known,
    int64_t number)
{
	if (known)
		json_put_integer(out, name, number);
	else
		json_put_null(out, name);
}

void
entry_write(struct buf *out, const char *organization,
    const struct entry *entry)
{
	const struct ticket *ticket = &entry->ticket;
	char id[ID_LENGTH + 1];

	id_format(&ticket->id, id);
	json_open(out, NULL, '{');
	put_text_or_null(out, "queue", entry->queue == QUEUES ? NULL :
	    queue_name(entry->queue));
	json_put_string(out, "id", id);
	json_put_string(out, "organizationId", organization);
	put_text_or_null(out, "destinationId",
	    entry->drop ? NULL : ticket->destination);
	put_number_or_null(out, "priority", !entry->drop, ticket->priority);
	put_number_or_null(out, "attempts", !entry->drop, ticket->attempts);
	put_number_or_null(out, "maxAttempts", entry->max_attempts != 0,
	    entry->max_attempts);
	put_number_or_null(out, "size", entry->size != -1, entry->size);
	put_time_or_null(out, "arrivalTime", entry->arrived);
	put_time_or_null(out, "nextAttemptAt", entry->due);
	put_text_or_null(out, "reason", entry->reason);
	put_text_or_null(out, "errorCode", entry->error == ERROR_NONE ? NULL
	    : error_name(entry->error));
	json_put_string(out, "circuit", "closed");
	put_text_or_null(out, "waitingFor", entry->waiting_for);
	put_text_or_null(out, "blockedBy", entry->blocked_by);
	put_time_or_null(out, "inFlightSince", entry->in_flight_since);
	json_close(out, '}');
}
