/*
 * receipt - what a client gets back, and the status while it waits
 *
 * A ticket's directory says what state it is in and its lines say how it came
 * there; only for a dead letter do the lines decide (cancelled, expired or
 * failed).  What a requeue left behind does not count any more, nor does a
 * dead letter that was tried again to another destination, with one
 * exception: that an attempt may have arrived twice stays true for ever.
 *
 * A callback's ticket is listed, but a job is finished without it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/receipt.h"
#include "lib/xalloc.h"

#define SUFFIX ".json"

enum standing {
	STANDING_pending, STANDING_retrying, STANDING_delivered,
	STANDING_failed, STANDING_held, STANDING_cancelled, STANDING_expired,
	STANDINGS
};

static const struct {
	const char	*name;
	bool		 under_way;
} standings[STANDINGS] = {
	[STANDING_pending] = { "pending", true },
	[STANDING_retrying] = { "retrying", true },
	[STANDING_delivered] = { "delivered", false },
	[STANDING_failed] = { "failed", false },
	[STANDING_held] = { "held", true },
	[STANDING_cancelled] = { "cancelled", false },
	[STANDING_expired] = { "expired", false },
};

/* What the lines since the last requeue say. */
struct story {
	const struct event_line *attempt;	/* the last one, or NULL */
	const struct event_line *end;		/* the last of any kind */
	const char	*forwarded;	/* tried there instead, or NULL */
	const struct event_line *revoked;	/* of that link, or NULL */
	bool		 possible_duplicate;
};

/*
 * An attempt that was under way when its ticket was cancelled or given up, and
 * was deferred, does not change that.
 */
static bool
story_is_over(const struct story *story, const struct event_line *next)
{
	return story->end != NULL &&
	    (story->end->event == TICKET_cancelled ||
	    story->end->event == TICKET_expired) &&
	    (next->event == TICKET_deferred || next->event == TICKET_maybe);
}

static void
story_end(struct story *story, const struct event_line *line)
{
	if (event_line_restarts(line)) {
		story->end = story->revoked = NULL;
		story->forwarded = NULL;
	} else if (line->event == TICKET_revoked) {
		if (story->end != NULL && story->end->reference != NULL &&
		    line->reference != NULL && strcmp(line->reference,
		    story->end->reference) == 0)
			story->revoked = line;
	} else if (line->event == TICKET_requeued)
		story->forwarded = line->to;
	else if (!story_is_over(story, line)) {
		story->end = line;
		story->revoked = NULL;
	}
}

static void
story_read(const struct ticket_file *file, struct story *story)
{
	memset(story, 0, sizeof(*story));
	if (file == NULL)
		return;
	for (size_t i = 0; i < file->line_count; i++) {
		if (event_line_doubtful(&file->lines[i]))
			story->possible_duplicate = true;
		story_end(story, &file->lines[i]);
	}
	story->attempt = ticket_file_last(file);
}

static enum standing
standing_of(const struct receipt_ticket *ticket, const struct story *story)
{
	switch (ticket->queue) {
	case QUEUE_done:
		return STANDING_delivered;
	case QUEUE_hold:
		return STANDING_held;
	case QUEUE_failed:
		if (story->forwarded != NULL)
			return STANDING_cancelled;
		if (story->end != NULL &&
		    story->end->event == TICKET_cancelled)
			return STANDING_cancelled;
		if (story->end != NULL && story->end->event == TICKET_expired)
			return STANDING_expired;
		return STANDING_failed;
	default:
		return ticket->ticket.attempts > 0 ? STANDING_retrying :
		    STANDING_pending;
	}
}

/* Why it is not delivered: the last line that says so. */
static void
write_failure(struct buf *out, const struct story *story,
    enum standing standing)
{
	const struct event_line *line = story->end;
	enum error error;

	if (line == NULL || standing == STANDING_delivered)
		return;
	if (line->reason == NULL && story->attempt != NULL)
		line = story->attempt;
	json_put_string(out, "failureReason", line->reason);
	error = line->error;
	if (standing == STANDING_expired && error == ERROR_NONE)
		error = ERROR_EXPIRED;
	if (error != ERROR_NONE)
		json_put_string(out, "errorCode", error_name(error));
}

const struct event_line *
receipt_link(const struct receipt_ticket *ticket)
{
	struct story story;

	story_read(ticket->file, &story);
	return ticket->queue == QUEUE_done && story.revoked == NULL &&
	    story.attempt != NULL && story.attempt->link_expires_at != 0 ?
	    story.attempt : NULL;
}

/* A link is shown to nobody who is not given it, nor when it ends. */
static void
write_link(struct buf *out, const struct receipt_ticket *ticket,
    const struct story *story, enum standing standing)
{
	if (standing != STANDING_delivered || story->attempt == NULL)
		return;
	if (story->revoked != NULL)
		json_put_time(out, "revokedAt", story->revoked->at);
	else if (ticket->link != NULL) {
		json_put_string(out, "link", ticket->link);
		json_put_time(out, "expiresAt",
		    story->attempt->link_expires_at);
	}
}

static void
write_attempt(struct buf *out, const struct event_line *line,
    enum standing standing)
{
	if (line == NULL)
		return;
	json_put_time(out, "lastAttemptAt", line->at);
	if (standing == STANDING_delivered)
		json_put_time(out, "deliveredAt", line->at);
	if (line->code != 0)
		json_put_integer(out, "responseCode", line->code);
	json_put_integer(out, "responseTime", line->ms);
	json_put_string(out, "crossSystemReference", line->reference);
}

static enum standing
write_destination(struct buf *out, const struct receipt_ticket *ticket,
    int64_t now, bool *counts_r)
{
	enum standing standing;
	struct story story;

	story_read(ticket->file, &story);
	standing = standing_of(ticket, &story);
	json_open(out, NULL, '{');
	json_put_string(out, "destinationId", ticket->ticket.destination);
	json_put_string(out, "status", standings[standing].name);
	json_put_integer(out, "attempts", ticket->ticket.attempts);
	if (ticket->queue == QUEUE_retry)
		json_put_time(out, "nextAttemptAt", ticket->due);
	else if (standing == STANDING_retrying && !ticket->in_flight)
		json_put_time(out, "nextAttemptAt", now);
	write_attempt(out, story.attempt, standing);
	write_link(out, ticket, &story, standing);
	json_put_boolean(out, "possibleDuplicate", story.possible_duplicate);
	write_failure(out, &story, standing);
	json_put_string(out, "forwardedTo", story.forwarded);
	json_close(out, '}');
	/* Another destination has it instead: that one counts. */
	*counts_r = story.forwarded == NULL || ticket->queue != QUEUE_failed;
	return standing;
}

static const char *const status_names[RECEIPT_STATUSES] = {
#define STATUS(name) #name,
	RECEIPT_STATUS_TABLE(STATUS)
#undef STATUS
};

enum receipt_status
receipt_status_by_name(const char *name)
{
	int status = 0;

	while (status < RECEIPT_STATUSES &&
	    strcmp(status_names[status], name) != 0)
		status++;
	return (enum receipt_status)status;
}

bool
receipt_finished(enum receipt_status status)
{
	return status != RECEIPT_queued && status != RECEIPT_processing;
}

/* What all tickets together say. */
struct total {
	size_t	 count;
	size_t	 under_way;
	size_t	 attempted;
	size_t	 standing[STANDINGS];
};

static enum receipt_status
total_status(const struct total *total)
{
	if (total->under_way > 0)
		return total->attempted > 0 ? RECEIPT_processing :
		    RECEIPT_queued;
	if (total->standing[STANDING_failed] > 0 ||
	    total->standing[STANDING_expired] > 0)
		return RECEIPT_failed;
	if (total->standing[STANDING_cancelled] > 0)
		return RECEIPT_cancelled;
	return RECEIPT_completed;
}

static void
total_add(struct total *total, const struct receipt_ticket *ticket,
    enum standing standing)
{
	total->count++;
	total->standing[standing]++;
	if (standings[standing].under_way)
		total->under_way++;
	if (ticket->in_flight || ticket->ticket.attempts > 0)
		total->attempted++;
}

/* The facts that the tickets share, or NULL if none has them. */
static const struct facts *
facts_of(const struct receipt_ticket *tickets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (tickets[i].file != NULL &&
		    tickets[i].file->facts.name != NULL)
			return &tickets[i].file->facts;
	return NULL;
}

/* Where the job names that destination; behind all others if nowhere. */
static size_t
rank(const struct facts *facts, const struct receipt_ticket *ticket)
{
	size_t i = 0;

	while (i < facts->job.destination_count && strcmp(
	    facts->job.destinations[i], ticket->ticket.destination) != 0)
		i++;
	return i;
}

/* Writes all destinations in the job's order. */
static void
write_destinations(struct buf *out, const struct facts *facts,
    const struct receipt_ticket *tickets, size_t count, int64_t now,
    struct total *total)
{
	const char *callback = facts->job.callback;
	enum standing standing;
	bool counts;

	json_open(out, "destinations", '[');
	for (size_t place = 0; place <= facts->job.destination_count; place++)
		for (size_t i = 0; i < count; i++) {
			if (rank(facts, &tickets[i]) != place)
				continue;
			standing = write_destination(out, &tickets[i], now,
			    &counts);
			if (!counts)
				continue;
			if (callback == NULL || strcmp(callback,
			    tickets[i].ticket.destination) != 0)
				total_add(total, &tickets[i], standing);
		}
	json_close(out, ']');
}

static void
write_head(struct buf *out, const char *organization, const char *name,
    const struct id *id, const char *submitter)
{
	char text[ID_LENGTH + 1];

	id_format(id, text);
	json_open(out, NULL, '{');
	json_put_string(out, "deliveryId", text);
	json_put_string(out, "name", name);
	json_put_string(out, "organizationId", organization);
	json_put_string(out, "submitter", submitter);
}

static void
write_tail(struct buf *out, const struct facts *facts, int64_t now)
{
	facts_write_payload(out, facts);
	json_put_string(out, "correlationId", facts->job.correlation_id);
	if (facts->job.tag_count > 0) {
		json_open(out, "tags", '[');
		for (size_t i = 0; i < facts->job.tag_count; i++)
			json_put_string(out, NULL, facts->job.tags[i]);
		json_close(out, ']');
	}
	json_put_time(out, "createdAt", facts->accepted_at);
	json_put_time(out, "updatedAt", now);
	json_close(out, '}');
}

enum receipt_status
receipt_write(struct buf *out, const char *organization,
    const struct receipt_ticket *tickets, size_t count, int64_t now)
{
	static const struct facts none;
	const struct facts *facts = facts_of(tickets, count);
	struct buf destinations = { 0 };
	struct total total = { 0 };
	enum receipt_status status;
	const struct id *id;

	if (facts == NULL)
		facts = &none;
	id = count > 0 ? &tickets[0].ticket.id : &facts->id;
	write_destinations(&destinations, facts, tickets, count, now, &total);
	write_head(out, organization, facts->name, id, facts->submitter);
	status = total_status(&total);
	json_put_string(out, "status", status_names[status]);
	/* It was written as a member, and begins with its name. */
	buf_char(out, ',');
	buf_add(out, destinations.data, destinations.len);
	buf_free(&destinations);
	write_tail(out, facts, now);
	return status;
}

bool
receipt_hide_links(struct json *receipt)
{
	const struct json *entry;
	bool any = false;

	entry = json_first(json_get(receipt, "destinations"));
	for (; entry != NULL; entry = json_next(entry)) {
		/* Part of the receipt, which is the caller's to change. */
		struct json *own = (struct json *)(uintptr_t)entry;

		if (json_get(own, "link") == NULL)
			continue;
		json_remove(own, "link");
		json_remove(own, "expiresAt");
		any = true;
	}
	return any;
}

void
receipt_write_refused(struct buf *out, const char *organization,
    const char *name, const struct id *id, const char *submitter,
    const struct why *error, int64_t now)
{
	write_head(out, organization, name, id, submitter);
	json_put_string(out, "status", status_names[RECEIPT_refused]);
	receipt_write_error(out, "error", error);
	json_open(out, "destinations", '[');
	json_close(out, ']');
	json_put_time(out, "createdAt", now);
	json_put_time(out, "updatedAt", now);
	json_close(out, '}');
}

void
receipt_write_duplicate(struct buf *out, const char *organization,
    const struct facts *facts, const struct id *first, int64_t now)
{
	char text[ID_LENGTH + 1];

	id_format(first, text);
	write_head(out, organization, facts->name, &facts->id,
	    facts->submitter);
	json_put_string(out, "status", status_names[RECEIPT_duplicate]);
	json_put_string(out, "duplicateOf", text);
	json_open(out, "destinations", '[');
	json_close(out, ']');
	write_tail(out, facts, now);
}

void
receipt_name(const char *dropped, const struct id *id,
    char out[RECEIPT_NAME_MAX])
{
	const size_t suffix = strlen(SUFFIX);
	size_t stem = strlen(dropped);
	char text[ID_LENGTH + 1];

	id_format(id, text);
	if (stem > suffix && strcmp(dropped + stem - suffix, SUFFIX) == 0)
		stem -= suffix;
	else
		stem = 0;
	/* A name that leaves no room, or none at all, goes by its id. */
	if (stem + 1 + ID_LENGTH + suffix >= RECEIPT_NAME_MAX)
		stem = 0;
	(void)snprintf(out, RECEIPT_NAME_MAX, "%.*s%s%s%s", (int)stem,
	    dropped, stem > 0 ? "." : "", text, SUFFIX);
}

int
receipt_id(const char *name, struct id *id)
{
	const size_t tail = ID_LENGTH + strlen(SUFFIX);
	size_t length = strlen(name);
	const char *text = name + length - tail;

	if (length < tail || strcmp(text + ID_LENGTH, SUFFIX) != 0 ||
	    (length > tail && text[-1] != '.'))
		return -1;
	return id_parse(text, id);
}
