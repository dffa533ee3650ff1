/*
 * spoolq - what is waiting, and why; as postqueue(1)
 *
 * Reads the directories, so it needs no spoold and costs it nothing.  Tickets
 * move while they are read: one that has left its place is looked for where it
 * may have gone, and one that is found nowhere is finished.  Making tickets
 * due now is asked of spoold.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/select.h"
#include "lib/xalloc.h"
#include "spoold/commands/spoolq.h"

#define WAITING (QUEUE_BIT(cur) | QUEUE_BIT(retry) | QUEUE_BIT(hold))
#define SHOWN (WAITING | QUEUE_BIT(failed))

#define QUEUE_OPTION(field) offsetof(struct queue_command, field)

static const struct cli_option options[] = {
	{ 'p', "print", NULL, "Print the queue; so it does without options.",
	    CLI_FLAG, QUEUE_OPTION(print), NULL },
	{ 'f', "flush", NULL, "Make everything in retry/ due now.", CLI_FLAG,
	    QUEUE_OPTION(flush), NULL },
	{ 'i', "flush-id", "ID", "Make this job's tickets due now.", CLI_TEXT,
	    QUEUE_OPTION(flush_id), NULL },
	{ 's', "flush-destination", "DEST",
	    "Make this destination's tickets due now.", CLI_TEXT,
	    QUEUE_OPTION(flush_destination), NULL },
	{ 'n', "dry-run", NULL, "With -f, -i, -s: only say how many.",
	    CLI_FLAG, QUEUE_OPTION(only), NULL },
	{ 'q', "queue", "QUEUE", "Only new, cur, retry, hold or failed.",
	    CLI_TEXT, QUEUE_OPTION(queue), NULL },
	{ 0, "destination", "DEST", "Only tickets for DEST.", CLI_TEXT,
	    QUEUE_OPTION(destination), NULL },
	{ 0, "since", "TIME", "Only what came at or after TIME.", CLI_TEXT,
	    QUEUE_OPTION(since), NULL },
	{ 0, "until", "TIME", "Only what came before TIME.", CLI_TEXT,
	    QUEUE_OPTION(until), NULL },
	{ 0, "explain", "ID", "Say where it stands, why, what happens next, "
	    "and what would help.", CLI_TEXT, QUEUE_OPTION(explain), NULL },
	{ 0, "reason", "TEXT", "Only where the last reason has TEXT in it.",
	    CLI_TEXT, QUEUE_OPTION(reason), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

/* --- reading --- */

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
	const char *name, *day;
	struct statx stat;
	int found = 0;

	if (list == NULL)
		return -1;
	while (found != -1 && (name = spool_list_next(list, &day)) != NULL) {
		struct entry entry = { .queue = QUEUE_new };
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
		queue_show(q, &entry);
	}
	spool_list_free(&list);
	return found == -1 ? -1 : 0;
}

static int
tickets_show(struct queue_command *q, unsigned queues, struct why *why)
{
	struct selection tickets = { NULL, 0 };
	struct show_progress progress = { .started = 0 };
	int shown = select_all(q->cli->spool, queues, &tickets, why);
	size_t i;

	for (i = 0; i < tickets.count && shown != -1; i++) {
		if (q->table != NULL)
			show_progress(&progress, "reading tickets",
			    (int64_t)i);
		shown = ticket_show(q, queues, &tickets.items[i], why);
	}
	show_progress_end(&progress);
	selection_free(&tickets);
	return shown == -1 ? -1 : 0;
}

static int
queue_option(const struct queue_command *q, unsigned *queues_r,
    struct why *why)
{
	int queue;

	*queues_r = WAITING | QUEUE_BIT(new);
	if (q->queue == NULL)
		return 0;
	queue = queue_by_name(q->queue);
	if (queue == -1 ||
	    ((SHOWN | QUEUE_BIT(new)) & 1u << (unsigned)queue) == 0)
		return why_set(why, ERROR_USAGE, "--queue: \"%s\" is none of "
		    "new, cur, retry, hold, failed", q->queue);
	*queues_r = 1u << (unsigned)queue;
	return 0;
}

static int
queue_print(struct queue_command *q)
{
	struct cli *cli = q->cli;
	unsigned queues;
	struct why why;
	int done = 0;

	if (queue_option(q, &queues, &why) == -1 ||
	    (q->since != NULL &&
	    cli_when("--since", q->since, &q->after, &why) == -1) ||
	    (q->until != NULL &&
	    cli_when("--until", q->until, &q->before, &why) == -1) ||
	    cli_spool(cli, &why) == NULL)
		return cli_fail(cli, &why);
	queue_show_begin(q);
	if ((queues & QUEUE_BIT(new)) != 0)
		done = drops_show(q, &why);
	if (done == 0 && (queues & SHOWN) != 0)
		done = tickets_show(q, queues & SHOWN, &why);
	queue_show_end(q);
	if (done == -1)
		return cli_fail(cli, &why);
	if (q->shown == 0 && !cli->json)
		(void)printf("Queue is empty\n");
	return 0;
}

/* --- making due now --- */

static void
flush_answered(void *arg, const struct json *result)
{
	*(int64_t *)arg += json_integer(json_get(result, "count"), 0);
}

/* The tickets in retry/ that are meant. */
static int
flush_select(struct queue_command *q, struct selection *tickets,
    struct why *why)
{
	struct spool *spool = cli_spool(q->cli, why);
	struct buf asked = { .max = 0 };
	struct json *known;
	char *word;
	int done;

	if (spool == NULL)
		return -1;
	if (q->flush)
		return select_all(spool, QUEUE_BIT(retry), tickets, why);
	if (q->flush_id != NULL)
		return select_tickets(spool, &q->flush_id, 1,
		    SELECT_EVERYWHERE, QUEUE_BIT(retry), tickets, why);
	word = xasprintf("%s:ALL", q->flush_destination);
	done = select_tickets(spool, (const char *const[]) { word }, 1, 0,
	    QUEUE_BIT(retry), tickets, why);
	free(word);
	if (done == 0 || why->code != ERROR_DELIVERY_NOT_FOUND)
		return done;
	/* Nothing waits for it: no error, if there is such a destination. */
	json_put_string(&asked, "destinationId", q->flush_destination);
	known = cli_ask(q->cli, "destination.get", &asked, -1, why);
	buf_free(&asked);
	done = known == NULL ? -1 : 0;
	json_free(&known);
	return done;
}

static int
queue_flush(struct queue_command *q)
{
	struct selection tickets = { NULL, 0 };
	struct why why;
	int64_t count = 0;
	int status = 0;

	if (flush_select(q, &tickets, &why) == -1)
		return cli_fail(q->cli, &why);
	select_announce(q->cli, tickets.count, q->only);
	if (!q->only && select_ask(q->cli, "queue.flush", &tickets, NULL,
	    flush_answered, &count, &why) == -1)
		status = cli_fail(q->cli, &why);
	else if (!q->only && q->cli->json)
		(void)printf("{\"count\":%lld}\n", (long long)count);
	else if (!q->only)
		(void)printf("%lld ticket%s due now\n", (long long)count,
		    count == 1 ? " is" : "s are");
	selection_free(&tickets);
	return status;
}

static int
spoolq(struct cli *cli, void *state)
{
	struct queue_command *q = state;
	int flushes = q->flush + (q->flush_id != NULL) +
	    (q->flush_destination != NULL);

	q->cli = cli;
	if (flushes > 1)
		return cli_usage(cli, "only one of -f, -i and -s");
	if (flushes == 1 && (q->print || q->queue != NULL ||
	    q->destination != NULL || q->since != NULL || q->until != NULL ||
	    q->reason != NULL))
		return cli_usage(cli, "-f, -i and -s take no filter");
	if (q->explain != NULL && (flushes > 0 || q->queue != NULL ||
	    q->destination != NULL || q->since != NULL || q->until != NULL ||
	    q->reason != NULL))
		return cli_usage(cli, "--explain goes alone");
	if (q->explain != NULL)
		return queue_explain(cli, q->explain);
	return flushes == 1 ? queue_flush(q) : queue_print(q);
}

int
main(int argc, char **argv)
{
	static const struct cli_program program = {
		.name = "spoolq",
		.itself = {
			.sentence = "Shows what is waiting, and why; makes it "
			    "due now.",
			.options = options,
			.action = spoolq,
		},
	};
	struct queue_command q = { .cli = NULL };

	return cli_run(&program, argc, argv, &q);
}
