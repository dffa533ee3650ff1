/*
 * spoolq - what is waiting, and why; as postqueue(1)
 *
 * Reads the directories, so it needs no spoold and costs it nothing.  Making
 * tickets due now is asked of spoold.
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
	{ 'w', "watch", NULL, "Go on showing it, until interrupted.",
	    CLI_FLAG, QUEUE_OPTION(watch), NULL },
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

/* --- showing --- */

static int
queue_option(struct queue_command *q, struct why *why)
{
	int queue;

	q->queues = QUEUES_WAITING | QUEUE_BIT(new);
	if (q->queue == NULL)
		return 0;
	queue = queue_by_name(q->queue);
	if (queue == -1 || ((QUEUES_SHOWN | QUEUE_BIT(new)) &
	    1u << (unsigned)queue) == 0)
		return why_set(why, ERROR_USAGE, "--queue: \"%s\" is none of "
		    "new, cur, retry, hold, failed", q->queue);
	q->queues = 1u << (unsigned)queue;
	return 0;
}

/* A filter by a name that means nothing is a mistake, not an empty queue. */
static int
destination_check(struct queue_command *q, struct why *why)
{
	struct destination *known;

	if (q->destination == NULL || q->shown > 0)
		return 0;
	known = destination_id_valid(q->destination) ?
	    queue_destination(q->cli, q->destination) : NULL;
	if (known == NULL)
		return why_set(why, ERROR_DESTINATION_NOT_FOUND,
		    "there is no destination %s: see spooldest list",
		    q->destination);
	destination_free(&known);
	return 0;
}

static int
queue_print(struct queue_command *q)
{
	struct cli *cli = q->cli;
	struct why why;

	if (queue_option(q, &why) == -1 ||
	    (q->since != NULL &&
	    cli_when("--since", q->since, &q->after, &why) == -1) ||
	    (q->until != NULL &&
	    cli_when("--until", q->until, &q->before, &why) == -1) ||
	    cli_spool(cli, &why) == NULL)
		return cli_fail(cli, &why);
	q->out = stdout;
	if (q->watch)
		return queue_watch(q);
	if (queue_read(q, &why) == -1 || destination_check(q, &why) == -1)
		return cli_fail(cli, &why);
	if (q->shown == 0 && !cli->json)
		(void)printf("Queue is empty\n");
	return 0;
}

/* --- making due now --- */

/* The tickets in retry/ that are meant. */
static int
flush_select(struct queue_command *q, struct selection *tickets,
    struct why *why)
{
	struct spool *spool = cli_spool(q->cli, why);
	struct json *known;
	char *word;
	int done;

	if (spool == NULL)
		return -1;
	if (q->flush)
		return select_all(spool, QUEUE_BIT(retry), true, tickets,
		    why);
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
	known = cli_answer(q->cli, libspool_destination_get(
	    cli_spoold(q->cli, CLI_ANYHOW), q->flush_destination,
	    &q->cli->error), why);
	done = known == NULL ? -1 : 0;
	json_free(&known);
	return done;
}

/* Asks for it; 0, or -1 with *why. */
static int
flush_ask(struct queue_command *q, const struct selection *tickets,
    int64_t *count, struct why *why)
{
	struct select_part part = { .next = 0 };
	struct json *answer;

	while (select_part(tickets, &part)) {
		answer = cli_answer(q->cli, libspool_queue_flush(
		    cli_spoold(q->cli, CLI_ANYHOW), &part.tickets,
		    &q->cli->error), why);
		if (answer == NULL)
			return -1;
		*count += json_integer(json_get(answer, "count"), 0);
		json_free(&answer);
	}
	return 0;
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
	if (!q->only && flush_ask(q, &tickets, &count, &why) == -1)
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
	if (flushes == 1 && (q->print || q->watch || q->queue != NULL ||
	    q->destination != NULL || q->since != NULL || q->until != NULL ||
	    q->reason != NULL))
		return cli_usage(cli, "-f, -i and -s take no filter");
	if (q->explain != NULL && (flushes > 0 || q->watch ||
	    q->queue != NULL || q->destination != NULL || q->since != NULL ||
	    q->until != NULL || q->reason != NULL))
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
