/*
 * spoolq_read - the queue, from the directories
 *
 * Tickets move while they are read: one that has left its place is looked for
 * where it may have gone, and one that is found nowhere is finished.  spoold is
 * asked one thing only, if it runs: which attempts are under way.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/refused.h"
#include "lib/select.h"
#include "lib/xalloc.h"
#include "spoold/commands/spoolq.h"

/*
 * Where the ticket is now: as it was seen, or moved on, perhaps with one
 * attempt more.  Returns 1, 0 if it is nowhere, -1 with *why.
 */
static int
ticket_locate(const struct queue_command *q, unsigned queues,
    struct selected *item, struct statx *stat, struct why *why)
{
	char name[TICKET_NAME_MAX];
	struct ticket ticket = item->ticket;
	int queue, more, found;

	found = spool_stat(q->cli->spool, item->queue, item->name, stat, why);
	if (found != 0)
		return found;
	for (more = 0; more <= 1; more++) {
		ticket.attempts = item->ticket.attempts + more;
		ticket_format(&ticket, name);
		for (queue = 0; queue < QUEUES; queue++) {
			if ((queues & 1u << queue) == 0)
				continue;
			found = spool_stat(q->cli->spool, (enum queue)queue,
			    name, stat, why);
			if (found == 0)
				continue;
			item->queue = (enum queue)queue;
			item->ticket = ticket;
			free(item->name);
			item->name = xstrdup(name);
			return found;
		}
	}
	return 0;
}

/* When spoold began the attempt that is under way; 0: there is none. */
static int64_t
in_flight_since(const struct queue_command *q, const struct ticket *ticket)
{
	const struct json *each = json_first(json_get(q->live, "inFlight"));
	char id[ID_LENGTH + 1];
	int64_t since;

	id_format(&ticket->id, id);
	for (; each != NULL; each = json_next(each))
		if (strcmp(json_string(json_get(each, "deliveryId"), ""),
		    id) == 0 && strcmp(json_string(json_get(each,
		    "destinationId"), ""), ticket->destination) == 0)
			return clock_parse(json_string(json_get(each,
			    "inFlightSince"), ""), &since) == 0 ? since : 0;
	return 0;
}

/* What it waits for, as far as the files tell. */
static void
entry_explain(struct queue_command *q, struct entry *entry)
{
	const struct goal *goal = queue_goal(q, entry->ticket.destination);
	char id[ID_LENGTH + 1];

	id_format(&entry->ticket.id, id);
	if (entry->queue == QUEUE_retry)
		entry->waiting_for = entry->ticket.attempts == 0 ?
		    "deliverAt" : "backoff";
	else if (entry->queue == QUEUE_hold)
		entry->waiting_for = "hold";
	if (entry->queue != QUEUE_cur)
		return;
	entry->in_flight_since = in_flight_since(q, &entry->ticket);
	if (entry->in_flight_since != 0)
		return;
	if (goal->closed)
		entry->waiting_for = "disabled";
	else if (goal->ordered && strcmp(goal->first, id) != 0) {
		entry->waiting_for = "slot";
		entry->blocked_by = goal->first;
	}
}

static int
ticket_show(struct queue_command *q, unsigned queues, struct selected *item,
    struct why *why)
{
	struct entry entry = { .size = -1 };
	struct ticket_file file;
	const struct event_line *last;
	struct statx stat;
	int found = ticket_locate(q, queues, item, &stat, why), read;

	if (found != 1)
		return found;
	/* One that a crash left empty is shown by what its name says. */
	read = spool_read_ticket(q->cli->spool, item->queue, item->name,
	    &file, why);
	entry.queue = item->queue;
	entry.ticket = item->ticket;
	entry.arrived = id_time(&item->ticket.id);
	if (item->queue == QUEUE_retry)
		entry.due = clock_from_timespec((struct timespec) {
			stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec });
	if (read == 1) {
		entry.size = file.facts.payload_bytes;
		entry.arrived = file.facts.accepted_at;
		last = ticket_file_last(&file);
		if (last != NULL) {
			entry.reason = last->reason;
			entry.error = last->error;
		}
	}
	entry_explain(q, &entry);
	queue_show(q, &entry);
	if (read == 1)
		ticket_file_free(&file);
	return 1;
}

/* Drops that spoold has not taken yet: the id is the one they will have. */
static int
drops_show(struct queue_command *q, struct why *why)
{
	struct spool_list *list = spool_list(q->cli->spool, QUEUE_new, why);
	const struct json *limit = json_get(q->live, "limit");
	const char *name, *day;
	struct statx stat;
	int found = 0;

	if (list == NULL)
		return -1;
	while (found != -1 && (name = spool_list_next(list, &day)) != NULL) {
		struct entry entry = { .queue = QUEUE_new, .drop = true };
		size_t length = strlen(name);

		if (length <= 5 || strcmp(name + length - 5, ".json") != 0)
			continue;
		found = spool_stat(q->cli->spool, QUEUE_new, name, &stat, why);
		if (found != 1)
			continue;
		id_make(spool_organization(q->cli->spool), name, &stat,
		    &entry.ticket.id);
		entry.size = (int64_t)stat.stx_size;
		entry.arrived = id_time(&entry.ticket.id);
		entry.reason = json_string(json_get(limit, "reason"), NULL);
		entry.error = error_by_name(json_string(json_get(limit,
		    "code"), ""));
		queue_show(q, &entry);
	}
	spool_list_free(&list);
	return found == -1 ? -1 : 0;
}

/* Drops that were refused, with why. */
static int
refused_show(struct queue_command *q, struct why *why)
{
	struct spool_list *list = spool_list(q->cli->spool, QUEUE_failed, why);
	struct entry entry = { .queue = QUEUE_failed, .drop = true };
	const char *name, *day;
	struct json *error;
	struct statx stat;
	int found = 0;

	if (list == NULL)
		return -1;
	while (found != -1 && (name = spool_list_next(list, &day)) != NULL) {
		if (!refused_named(name, &entry.ticket.id))
			continue;
		found = spool_stat(q->cli->spool, QUEUE_failed, name, &stat,
		    why);
		if (found != 1)
			continue;
		error = refused_error(q->cli->spool, name, why);
		entry.size = (int64_t)stat.stx_size;
		entry.arrived = id_time(&entry.ticket.id);
		entry.reason = error == NULL ? why->text :
		    json_string(json_get(error, "message"), NULL);
		entry.error = error_by_name(json_string(json_get(error,
		    "code"), ""));
		queue_show(q, &entry);
		json_free(&error);
	}
	spool_list_free(&list);
	return found == -1 ? -1 : 0;
}

/*
 * Notes which ticket of each destination is the oldest: they come in the order
 * of their ids.
 */
static void
goals_first(struct queue_command *q, const struct selection *tickets)
{
	struct goal *goal;

	for (size_t i = 0; i < tickets->count; i++) {
		if ((QUEUES_WAITING & 1u << tickets->items[i].queue) == 0)
			continue;
		goal = queue_goal(q, tickets->items[i].ticket.destination);
		if (goal->first[0] == '\0')
			id_format(&tickets->items[i].ticket.id, goal->first);
	}
}

static int
tickets_show(struct queue_command *q, unsigned queues, struct why *why)
{
	struct selection tickets = { NULL, 0 };
	struct show_progress progress = { .started = 0 };
	/* One in retry/ or hold/ may be in the way of one in cur/. */
	unsigned all = (queues & QUEUE_BIT(cur)) != 0 ?
	    queues | QUEUES_WAITING : queues;
	int shown = select_all(q->cli->spool, all, &tickets, why);
	size_t i;

	goals_first(q, &tickets);
	for (i = 0; i < tickets.count && shown != -1; i++) {
		if ((queues & 1u << tickets.items[i].queue) == 0)
			continue;
		if (q->table != NULL)
			show_progress(&progress, "reading tickets",
			    (int64_t)i);
		shown = ticket_show(q, queues, &tickets.items[i], why);
	}
	show_progress_end(&progress);
	selection_free(&tickets);
	return shown == -1 ? -1 : 0;
}

int
queue_read(struct queue_command *q, struct why *why)
{
	int done = 0;

	/* spoold may be down, and may end while it is asked. */
	if ((q->queues & (QUEUE_BIT(cur) | QUEUE_BIT(new))) != 0)
		q->live = cli_answer(q->cli, libspool_queue_status(
		    cli_spoold(q->cli, CLI_RUNNING), &q->cli->error), why);
	queue_show_begin(q);
	if ((q->queues & QUEUE_BIT(new)) != 0)
		done = drops_show(q, why);
	if (done == 0 && (q->queues & QUEUE_BIT(failed)) != 0)
		done = refused_show(q, why);
	if (done == 0 && (q->queues & QUEUES_SHOWN) != 0)
		done = tickets_show(q, q->queues & QUEUES_SHOWN, why);
	queue_show_end(q);
	json_free(&q->live);
	return done;
}
