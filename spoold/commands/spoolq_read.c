/*
 * spoolq_read - the queue, from the directories
 *
 * spoold is asked one thing only, if it runs: which attempts are under way.
 */
#include <string.h>

#include "lib/clock.h"
#include "lib/queue_reader.h"
#include "spoold/commands/spoolq.h"

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

/* What a ticket waits for that is due, as far as its destination tells. */
static void
due_explain(struct queue_command *q, struct entry *entry)
{
	const struct goal *goal = queue_goal(q, entry->ticket.destination);
	char id[ID_LENGTH + 1];

	id_format(&entry->ticket.id, id);
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

/* Drops that spoold has not taken yet may wait for a limit. */
static void
drop_explain(const struct queue_command *q, struct entry *entry)
{
	const struct json *limit = json_get(q->live, "limit");

	entry->reason = json_string(json_get(limit, "reason"), NULL);
	entry->error = error_by_name(json_string(json_get(limit, "code"),
	    ""));
}

static int
entry_show(void *arg, struct entry *entry)
{
	struct queue_command *q = arg;

	if (entry->queue == QUEUE_cur)
		due_explain(q, entry);
	else if (entry->queue == QUEUE_new)
		drop_explain(q, entry);
	queue_show(q, entry);
	return 0;
}

/*
 * Notes which ticket of each destination is the oldest: they come in the order
 * of their ids.
 */
static void
goals_first(void *arg, const struct selection *tickets)
{
	struct queue_command *q = arg;
	struct goal *goal;

	for (size_t i = 0; i < tickets->count; i++) {
		if ((QUEUES_WAITING & 1u << tickets->items[i].queue) == 0)
			continue;
		goal = queue_goal(q, tickets->items[i].ticket.destination);
		if (goal->first[0] == '\0')
			id_format(&tickets->items[i].ticket.id, goal->first);
	}
}

int
queue_read(struct queue_command *q, struct why *why)
{
	struct queue_reader reader = {
		.spool = q->cli->spool,
		.queues = q->queues,
		.before = goals_first,
		.each = entry_show,
		.arg = q,
	};
	int done;

	/* One in retry/ or hold/ may be in the way of one in cur/. */
	if ((q->queues & QUEUE_BIT(cur)) != 0)
		reader.beside = QUEUES_WAITING;
	/* spoold may be down, and may end while it is asked. */
	if ((q->queues & (QUEUE_BIT(cur) | QUEUE_BIT(new))) != 0)
		q->live = cli_answer(q->cli, libspool_queue_status(
		    cli_spoold(q->cli, CLI_RUNNING), &q->cli->error), why);
	queue_show_begin(q);
	reader.shown = q->table != NULL;
	done = queue_reader_run(&reader, why);
	queue_show_end(q);
	json_free(&q->live);
	return done;
}
