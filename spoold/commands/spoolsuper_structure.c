/*
 * spoolsuper -s - checks a spool's structure and repairs it
 *
 * What a rename mends is mended here, under the lock.  What needs the journal
 * is spoold's: started for this, it recovers, which gives jobs without a ticket
 * theirs back in hold/; and it is asked to cancel tickets whose job is gone,
 * so that this is on record and has its receipt.  Then all is looked at again:
 * what is found still remains.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/instance.h"
#include "lib/select.h"
#include "lib/show.h"
#include "lib/xalloc.h"
#include "spool-layout/layout.h"

#include "spoold/commands/mend.h"
#include "spoold/commands/spoolsuper.h"

struct repair {
	struct cli	*cli;		/* borrowed */
	size_t		 mended, remaining;
	struct selection jobless;	/* tickets */
	struct id	*ticketless;	/* own: jobs */
	size_t		 ticketless_count;
};

static void
say(const struct repair *repair, const char *words, bool mended)
{
	struct buf line = { .max = 0 };

	if (repair->cli->json) {
		json_open(&line, NULL, '{');
		json_put_string(&line, "message", words);
		json_put_boolean(&line, "mended", mended);
		json_close(&line, '}');
	} else {
		show_escape(&line, words);
	}
	(void)printf("%s\n", line.data);
	buf_free(&line);
}

static void
found_layout(void *arg, const char *words)
{
	struct repair *repair = arg;
	/* That is how it says so. */
	bool mended = strstr(words, " (mended)") != NULL;

	repair->mended += mended;
	repair->remaining += !mended;
	say(repair, words, mended);
}

static void
add_jobless(struct selection *all, const struct structure_finding *finding)
{
	struct selected *item;

	all->items = xreallocarray(all->items, all->count + 1,
	    sizeof(*all->items));
	item = &all->items[all->count++];
	item->ticket = finding->ticket;
	item->queue = finding->queue;
	item->name = xstrdup(finding->name);
}

/* What is not mended by a rename is for later. */
static void
found_first(void *arg, const struct structure_finding *finding)
{
	struct repair *repair = arg;
	struct buf words = { .max = 0 };

	structure_words(finding, &words);
	if (finding->kind == STRUCTURE_jobless) {
		add_jobless(&repair->jobless, finding);
	} else if (finding->kind == STRUCTURE_ticketless) {
		repair->ticketless = xreallocarray(repair->ticketless,
		    repair->ticketless_count + 1, sizeof(struct id));
		repair->ticketless[repair->ticketless_count++] =
		    finding->ticket.id;
	} else if (finding->mended) {
		repair->mended++;
		say(repair, words.data, true);
	}
	buf_free(&words);
}

static void
found_remaining(void *arg, const struct structure_finding *finding)
{
	struct repair *repair = arg;
	struct buf words = { .max = 0 };

	structure_words(finding, &words);
	repair->remaining++;
	say(repair, words.data, false);
	buf_free(&words);
}

static int
repair_layout(struct repair *repair, const char *org, struct why *why)
{
	const struct conf *conf = repair->cli->conf;
	const char *top = conf->top_spool_directory;
	struct layout_owners owners;
	int fd, result;

	if (instance_owners(conf, conf_organization(conf, org), &owners,
	    why) == -1)
		return -1;
	fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return why_errno(why, "open %s", top);
	result = layout_check(fd, org, &owners, true, found_layout, repair,
	    why);
	close(fd);
	return result == -1 ? -1 : 0;
}

/* All that is done under the lock. */
static int
repair_renames(struct repair *repair, struct why *why)
{
	const struct conf_organization *org =
	    cli_organization(repair->cli, why);
	int lock = org == NULL ? -1 :
	    cli_lock(repair->cli, MEND_BECAUSE, why);
	int result = -1;

	if (lock == -1)
		return -1;
	if (repair_layout(repair, org->id, why) == 0 &&
	    cli_spool(repair->cli, why) != NULL)
		result = mend_structure(repair->cli->conf,
		    repair->cli->spool, found_first, repair, why);
	close(lock);
	return result;
}

/* The tickets that a job got back. */
static void
say_tickets(struct repair *repair, const struct selection *all,
    const struct id *id)
{
	char text[ID_LENGTH + 1];
	char *words;

	id_format(id, text);
	for (size_t i = 0; i < all->count; i++) {
		if (id_compare(&all->items[i].ticket.id, id) != 0)
			continue;
		words = xasprintf("jobs/%s.json has no ticket (made "
		    "%s/%s)", text, queue_name(all->items[i].queue),
		    all->items[i].name);
		repair->mended++;
		say(repair, words, true);
		free(words);
	}
}

/* Cancels one part of them, and says so.  0, or -1 with *why. */
static int
cancel_part(struct repair *repair, const struct libspool_tickets *tickets,
    struct why *why)
{
	struct cli *cli = repair->cli;
	struct json *answer = cli_answer(cli, libspool_cancel(
	    cli_spoold(cli, CLI_ANYHOW), tickets, &cli->error), why);
	const struct json *each = json_first(json_get(answer, "tickets"));
	char *words;

	for (; each != NULL; each = json_next(each)) {
		if (strcmp(json_string(json_get(each, "status"), ""),
		    "cancelled") != 0)
			continue;
		words = xasprintf("%s.%s has no job in jobs/ (cancelled)",
		    json_string(json_get(each, "deliveryId"), "?"),
		    json_string(json_get(each, "destinationId"), "?"));
		repair->mended++;
		say(repair, words, true);
		free(words);
	}
	if (answer == NULL)
		return -1;
	json_free(&answer);
	return 0;
}

/* All that spoold does. */
static int
repair_orphans(struct repair *repair, struct why *why)
{
	struct selection held = { NULL, 0 };
	struct select_part part = { .next = 0 };
	struct cli *cli = repair->cli;

	if (repair->jobless.count == 0 && repair->ticketless_count == 0)
		return 0;
	if (cli_connect(cli, CLI_ANYHOW, why) == -1)
		return -1;
	while (select_part(&repair->jobless, &part))
		if (cancel_part(repair, &part.tickets, why) == -1)
			return -1;
	if (select_all(cli->spool, QUEUE_BIT(hold), true, &held, why) == -1)
		return -1;
	for (size_t i = 0; i < repair->ticketless_count; i++)
		say_tickets(repair, &held, &repair->ticketless[i]);
	selection_free(&held);
	libspool_close(&cli->spoold);
	return 0;
}

int
spoolsuper_structure(struct cli *cli, struct why *why)
{
	struct repair repair = { .cli = cli };
	int result = -1;

	if (repair_renames(&repair, why) == 0 &&
	    repair_orphans(&repair, why) == 0)
		result = structure_check(cli->spool, STRUCTURE_AT_REST,
		    found_remaining, &repair, why);
	selection_free(&repair.jobless);
	free(repair.ticketless);
	if (result == 0 && !cli->json)
		(void)printf("%zu mended, %zu remain\n", repair.mended,
		    repair.remaining);
	return result == -1 ? -1 : (int)repair.remaining;
}
