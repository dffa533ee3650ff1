/*
 * settle - ends a ticket's stay
 *
 * The line is appended before the move, so that a ticket that has arrived in
 * its directory is complete; both can be done again after a crash, from the
 * journal.  A file that is not where memory says was moved by a person and is
 * looked for by name before it counts as gone.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/json.h"
#include "lib/spool.h"

#include "spoold/commit.h"
#include "spoold/organization.h"
#include "spoold/settle.h"
#include "spoold/spoold.h"

static const enum queue everywhere[] = { QUEUE_cur, QUEUE_retry, QUEUE_hold,
    QUEUE_failed };

int
settle_locate(const struct organization *org, const char *name)
{
	struct statx stat;
	struct why why;

	for (size_t i = 0; i < sizeof(everywhere) / sizeof(*everywhere); i++)
		if (spool_stat(org->spool, everywhere[i], name, &stat,
		    &why) == 1)
			return (int)everywhere[i];
	return -1;
}

/*
 * Appends the line to the file, if it is where it should be.  One that is open
 * is the ticket's own wherever it is; without a name it was replaced.  1, 0 or
 * -1.
 */
static int
settle_append(struct organization *org, enum queue from, const char *name,
    struct settlement *settlement, struct why *why)
{
	struct buf line = { 0 };
	int result = 0;

	if (settlement->line == NULL)
		return 1;
	event_line_write(&line, settlement->line);
	if (settlement->file != -1)
		result = spool_append_open(settlement->file, from, name,
		    line.data, line.len, why);
	if (result == 0)
		result = spool_append(org->spool, from, name, line.data,
		    line.len, why);
	buf_free(&line);
	if (result == 1)
		settlement->line = NULL;
	return result;
}

void
settle_put_aside(struct spoold *s, struct organization *org, enum queue queue,
    const char *name)
{
	char aside[TICKET_NAME_MAX + CLOCK_DAY + 1];
	const char *base = strrchr(name, '/');
	struct buf fields = { 0 };
	struct why why;

	base = base == NULL ? name : base + 1;
	(void)snprintf(aside, sizeof(aside), "%.*s.%s", (int)(base - name),
	    name, base);
	if (spool_move(org->spool, queue, name, queue, aside, &why) == -1) {
		log_warning("%s/%s: %s", queue_name(queue), name, why.text);
		return;
	}
	commit_fields(&fields, org->id, NULL);
	json_put_string(&fields, "queue", queue_name(queue));
	json_put_string(&fields, "name", name);
	(void)commit_line(s, EVENT_stray, &fields);
	log_warning("%s/%s: a second file of a ticket, put aside",
	    queue_name(queue), name);
}

/* The move itself; what stands in its way is put aside. */
static int
settle_move(struct spoold *s, struct organization *org, enum queue from,
    const char *before, struct settled *settled, struct why *why)
{
	int result;

	for (int tries = 0; tries < 2; tries++) {
		if (settled->queue == QUEUE_done)
			result = spool_move_done(org->spool, from, before,
			    strchr(settled->name, '/') + 1, clock_wall(), why);
		else
			result = spool_move(org->spool, from, before,
			    settled->queue, settled->name, why);
		if (result != -1 || why->number != EEXIST)
			return result;
		settle_put_aside(s, org, settled->queue, settled->name);
	}
	return -1;
}

/* All of it, if the file is in `from`. */
static int
settle_from(struct spoold *s, struct organization *org, enum queue from,
    struct settlement *settlement, struct settled *settled, struct why *why)
{
	struct ticket ticket = settlement->ticket;
	char before[TICKET_NAME_MAX], after[TICKET_NAME_MAX];
	char day[CLOCK_DAY];
	int64_t now = clock_wall();
	bool written = settlement->line != NULL;
	int result;

	ticket_format(&ticket, before);
	ticket.attempts = settlement->attempts;
	ticket_format(&ticket, after);
	result = settle_append(org, from, before, settlement, why);
	if (result != 1)
		return result;
	settled->queue = settlement->to;
	if (settlement->moved_wins && from != settlement->from)
		settled->queue = from;
	/*
	 * In retry/ the mtime says when it is due, else when it came there,
	 * which is what it says of a line that was just written.
	 */
	if (settled->queue == QUEUE_retry)
		result = spool_set_due(org->spool, from, before,
		    settlement->due, why);
	else if (!written || settlement->rests_from != 0)
		result = spool_set_due(org->spool, from, before,
		    settlement->rests_from != 0 ? settlement->rests_from :
		    now, why);
	if (result != 1)
		return result;
	clock_format_day(now, day);
	(void)snprintf(settled->name, sizeof(settled->name), "%s%s%s",
	    settled->queue == QUEUE_done ? day : "",
	    settled->queue == QUEUE_done ? "/" : "", after);
	if (from == settled->queue && strcmp(before, after) == 0)
		return 1;
	return settle_move(s, org, from, before, settled, why);
}

int
settle(struct spoold *s, struct organization *org,
    struct settlement *settlement, struct settled *settled, struct why *why)
{
	char name[TICKET_NAME_MAX];
	int where, result;

	result = settle_from(s, org, settlement->from, settlement, settled,
	    why);
	if (result != 0)
		return result;
	/* A person moved it, maybe while this was under way. */
	ticket_format(&settlement->ticket, name);
	where = settle_locate(org, name);
	return where == -1 ? 0 : settle_from(s, org, (enum queue)where,
	    settlement, settled, why);
}
