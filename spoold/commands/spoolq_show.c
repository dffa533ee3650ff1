/*
 * spoolq_show - an entry of the queue, as a row or as JSON
 *
 * The JSON always has all fields, null where there is nothing to say, because
 * programs rely on it.
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

static int
attempts_max(struct queue_command *q, const char *id)
{
	struct destination *destination;
	struct limit *limit;
	size_t i;

	for (i = 0; i < q->limit_count; i++)
		if (strcmp(q->limits[i].destination, id) == 0)
			return q->limits[i].attempts;
	q->limits = xreallocarray(q->limits, q->limit_count + 1,
	    sizeof(*q->limits));
	limit = &q->limits[q->limit_count++];
	(void)strlcpy(limit->destination, id, sizeof(limit->destination));
	limit->attempts = (int)q->cli->conf->retry_max_attempts;
	destination = queue_destination(q->cli, id);
	if (destination != NULL && destination->retry.max_retries >= 0)
		limit->attempts = destination->retry.max_retries + 1;
	destination_free(&destination);
	return limit->attempts;
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
entry_json(struct queue_command *q, const struct entry *entry, const char *id)
{
	const struct ticket *ticket = &entry->ticket;
	bool accepted = entry->queue != QUEUE_new;
	struct buf line = { .max = 0 };

	json_open(&line, NULL, '{');
	json_put_string(&line, "queue", queue_name(entry->queue));
	json_put_string(&line, "id", id);
	json_put_string(&line, "organizationId",
	    spool_organization(q->cli->spool));
	put_text_or_null(&line, "destinationId",
	    accepted ? ticket->destination : NULL);
	if (accepted) {
		json_put_integer(&line, "priority", ticket->priority);
		json_put_integer(&line, "attempts", ticket->attempts);
		json_put_integer(&line, "maxAttempts",
		    attempts_max(q, ticket->destination));
	} else {
		json_put_null(&line, "priority");
		json_put_null(&line, "attempts");
		json_put_null(&line, "maxAttempts");
	}
	if (entry->size == -1)
		json_put_null(&line, "size");
	else
		json_put_integer(&line, "size", entry->size);
	put_time_or_null(&line, "arrivalTime", entry->arrived);
	put_time_or_null(&line, "nextAttemptAt", entry->due);
	put_text_or_null(&line, "reason", entry->reason);
	put_text_or_null(&line, "errorCode", entry->error == ERROR_NONE ? NULL
	    : error_name(entry->error));
	json_put_string(&line, "circuit", "closed");
	json_close(&line, '}');
	(void)printf("%s\n", line.data);
	buf_free(&line);
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

	if (entry->queue != QUEUE_retry)
		(void)strlcpy(out, words[entry->queue], 40);
	else if (entry->due <= q->now)
		(void)strlcpy(out, "now", 40);
	else
		show_relative(entry->due, q->now, out);
}

static void
entry_row(struct queue_command *q, const struct entry *entry, const char *id)
{
	static const enum show_colour colours[QUEUES] = {
		[QUEUE_hold] = SHOW_YELLOW, [QUEUE_failed] = SHOW_RED,
	};
	bool accepted = entry->queue != QUEUE_new;
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
	show_cell(q->table, SHOW_PLAIN,
	    entry->reason == NULL ? "" : entry->reason);
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
	return q->reason == NULL || (entry->reason != NULL &&
	    strcasestr(entry->reason, q->reason) != NULL);
}

void
queue_show(struct queue_command *q, const struct entry *entry)
{
	char id[ID_LENGTH + 1];

	if (!entry_wanted(q, entry))
		return;
	q->shown++;
	id_format(&entry->ticket.id, id);
	if (q->table == NULL)
		entry_json(q, entry, id);
	else
		entry_row(q, entry, id);
}

void
queue_show_begin(struct queue_command *q)
{
	q->now = clock_wall();
	if (!q->cli->json)
		q->table = show_table_new(stdout, columns);
}

void
queue_show_end(struct queue_command *q)
{
	show_table_close(&q->table);
	free(q->limits);
	q->limits = NULL;
}
