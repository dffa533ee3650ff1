/*
 * spoolq_show - an entry of the queue, as a row or as JSON
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/destination.h"
#include "lib/xalloc.h"
#include "spoold/commands/spoolq.h"

static const struct show_column columns[] = {
	{ "ID", false }, { "DESTINATION", false }, { "PRIO", true },
	{ "SIZE", true }, { "AGE", true }, { "TRIES", true },
	{ "NEXT", false }, { "REASON", false }, { NULL, false }
};

struct destination *
queue_destination(const struct cli *cli, const char *id)
{
	char *path = xasprintf("%s/%s/destinations/%s.json",
	    cli->conf->top_state_directory, spool_organization(cli->spool),
	    id);
	char *text = xmalloc(DESTINATION_FILE_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t length = fd == -1 ? -1 : read(fd, text, DESTINATION_FILE_MAX);
	struct destination *destination = NULL;
	struct why why;

	if (length > 0)
		destination = destination_read(text, (size_t)length, &why);
	if (fd != -1)
		close(fd);
	free(text);
	free(path);
	return destination;
}

struct goal *
queue_goal(struct queue_command *q, const char *id)
{
	struct destination *destination;
	struct goal *goal;
	size_t i;

	for (i = 0; i < q->goal_count; i++)
		if (strcmp(q->goals[i].id, id) == 0)
			return &q->goals[i];
	q->goals = xreallocarray(q->goals, q->goal_count + 1,
	    sizeof(*q->goals));
	goal = &q->goals[q->goal_count++];
	*goal = (struct goal) { .closed = true,
	    .attempts = (int)q->cli->conf->retry_max_attempts };
	(void)strlcpy(goal->id, id, sizeof(goal->id));
	destination = queue_destination(q->cli, id);
	if (destination == NULL)
		return goal;
	goal->closed = destination->disabled;
	goal->ordered = destination->ordered;
	if (destination->retry.max_retries >= 0)
		goal->attempts = destination->retry.max_retries + 1;
	destination_free(&destination);
	return goal;
}

void
queue_json(struct queue_command *q, const struct entry *entry,
    struct buf *line)
{
	struct entry whole = *entry;

	if (!entry->drop)
		whole.max_attempts = queue_goal(q,
		    entry->ticket.destination)->attempts;
	entry_write(line, spool_organization(q->cli->spool), &whole);
}

/* What happens next, in the table's words. */
static void
entry_next(const struct queue_command *q, const struct entry *entry,
    char out[40])
{
	static const char *const words[QUEUES] = {
		[QUEUE_new] = "acceptance", [QUEUE_cur] = "now",
		[QUEUE_hold] = "held", [QUEUE_failed] = "given up",
	};

	if (entry->queue == QUEUE_failed && entry->drop)
		(void)strlcpy(out, "refused", 40);
	else if (entry->in_flight_since != 0)
		(void)strlcpy(out, "in flight", 40);
	else if (entry->blocked_by != NULL || (entry->waiting_for != NULL &&
	    strcmp(entry->waiting_for, "disabled") == 0))
		(void)strlcpy(out, "waits", 40);
	else if (entry->queue != QUEUE_retry)
		(void)strlcpy(out, words[entry->queue], 40);
	else if (entry->due <= q->now)
		(void)strlcpy(out, "now", 40);
	else
		show_relative(entry->due, q->now, out);
}

/* Why it waits now, before why the last attempt did not deliver. */
static void
entry_reason(const struct queue_command *q, const struct entry *entry,
    struct buf *out)
{
	char age[32];

	if (entry->in_flight_since != 0) {
		clock_format_age(q->now > entry->in_flight_since ?
		    q->now - entry->in_flight_since : 0, age);
		buf_printf(out, "in flight for %s", age);
	} else if (entry->blocked_by != NULL)
		buf_printf(out, "blocked by %s", entry->blocked_by);
	else if (entry->waiting_for != NULL &&
	    strcmp(entry->waiting_for, "disabled") == 0)
		buf_str(out, "disabled");
	if (entry->drop && entry->error != ERROR_NONE)
		buf_printf(out, "%s: ", error_name(entry->error));
	if (entry->reason != NULL)
		buf_printf(out, "%s%s", out->len == 0 || entry->drop ? "" :
		    "; ", entry->reason);
}

static void
entry_row(struct queue_command *q, const struct entry *entry, const char *id)
{
	static const enum show_colour colours[QUEUES] = {
		[QUEUE_hold] = SHOW_YELLOW, [QUEUE_failed] = SHOW_RED,
	};
	bool accepted = !entry->drop;
	struct buf reason = { .max = 0 };
	char text[40];

	show_cell(q->table, SHOW_PLAIN, id);
	show_cell(q->table, SHOW_PLAIN,
	    accepted ? entry->ticket.destination : "-");
	if (accepted)
		show_cell_number(q->table, entry->ticket.priority);
	else
		show_cell(q->table, SHOW_PLAIN, "-");
	if (entry->size == -1)
		(void)strlcpy(text, "-", sizeof(text));
	else
		show_size(entry->size, text);
	show_cell(q->table, SHOW_PLAIN, text);
	clock_format_age(q->now > entry->arrived ? q->now - entry->arrived : 0,
	    text);
	show_cell(q->table, SHOW_PLAIN, text);
	if (accepted)
		show_cell_number(q->table, entry->ticket.attempts);
	else
		show_cell(q->table, SHOW_PLAIN, "-");
	entry_next(q, entry, text);
	show_cell(q->table, colours[entry->queue], text);
	entry_reason(q, entry, &reason);
	show_cell(q->table, SHOW_PLAIN, reason.len == 0 ? "" : reason.data);
	buf_free(&reason);
}

static bool
reason_wanted(const struct queue_command *q, const struct entry *entry)
{
	struct buf words = { .max = 0 };
	bool wanted;

	if (q->reason == NULL)
		return true;
	entry_reason(q, entry, &words);
	wanted = words.len > 0 && strcasestr(words.data, q->reason) != NULL;
	buf_free(&words);
	return wanted;
}

static bool
entry_wanted(const struct queue_command *q, const struct entry *entry)
{
	if (q->destination != NULL &&
	    strcmp(q->destination, entry->ticket.destination) != 0)
		return false;
	if ((q->after != 0 && entry->arrived < q->after) ||
	    (q->before != 0 && entry->arrived >= q->before))
		return false;
	return reason_wanted(q, entry);
}

void
queue_show(struct queue_command *q, const struct entry *entry)
{
	struct buf line = { .max = 0 };
	char id[ID_LENGTH + 1];

	if (!entry_wanted(q, entry))
		return;
	q->shown++;
	id_format(&entry->ticket.id, id);
	if (q->table == NULL || q->seen != NULL)
		queue_json(q, entry, &line);
	if (q->seen != NULL)
		q->seen(q->seen_arg, entry, line.data);
	else if (q->table == NULL)
		(void)fprintf(q->out, "%s\n", line.data);
	if (q->table != NULL && (q->rows_max == 0 || q->shown <= q->rows_max))
		entry_row(q, entry, id);
	buf_free(&line);
}

void
queue_show_begin(struct queue_command *q)
{
	q->now = clock_wall();
	q->shown = 0;
	if (!q->cli->json)
		q->table = show_table_new(q->out, columns);
}

void
queue_show_end(struct queue_command *q)
{
	show_table_close(&q->table);
	free(q->goals);
	q->goals = NULL;
	q->goal_count = 0;
}
