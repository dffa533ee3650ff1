/*
 * scan - reads an organization's directories, in pieces
 *
 * Start-up, an overflow of inotify, a directory that was replaced and a slow
 * timer all run this same scan, as many names a turn as it has time for, and
 * without stat for what is known.  First the directories, then what memory has
 * and none of them had.  Where drops stayed in new/, that is read alone.
 */
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/log.h"

#include "spoold/drop.h"
#include "spoold/moves.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"

#define PIECE 1000		/* names a turn, but */
#define LOOK 16			/* between two looks at the clock */

/*
 * hold/ and retry/ before cur/: tickets move towards cur/ by themselves, so
 * one that moves while it is looked for is seen twice rather than never.
 */
static const enum queue steps[] = { QUEUE_hold, QUEUE_retry, QUEUE_cur,
    QUEUE_new };
#define STEPS (sizeof(steps) / sizeof(*steps))

static void
scan_begin(struct organization *org, enum scan_extent scan)
{
	org->scanning = scan;
	org->scan_again = SCAN_NONE;
	org->taking_up = scan == SCAN_ALL && org->overflowed;
	if (scan == SCAN_DROPS) {
		org->scan_step = STEPS - 1;
		return;
	}
	org->overflowed = false;
	org->scan_step = 0;
	org->scan_number++;
	org->scan_next = NULL;
}

void
organization_scan(struct organization *org, enum scan_extent scan)
{
	if (org->scanning == SCAN_NONE)
		scan_begin(org, scan);
	else if (org->scan_again < scan)
		org->scan_again = scan;
}

/* True if another one is to be looked at in this turn, after that many. */
static bool
scan_goes_on(const struct spoold *s, int names)
{
	return names < PIECE && (names % LOOK != 0 || names == 0 ||
	    !loop_is_late(s->loop));
}

/* A ticket that is at rest: taken into memory as it stands. */
static void
scan_ticket(struct spoold *s, struct organization *org, enum queue queue,
    const char *name)
{
	struct ticket ticket;
	struct statx stat;
	struct waiting *w;
	int64_t due = 0;
	struct why why;

	if (ticket_parse(name, &ticket) == -1)
		return;
	w = tickets_find(org, &ticket.id, ticket.destination);
	if (w != NULL || (s->phase == PHASE_RUNNING && !org->taking_up)) {
		moves_seen(s, org, queue, name, 0);
		return;
	}
	if (queue == QUEUE_retry &&
	    spool_stat(org->spool, queue, name, &stat, &why) == 1)
		due = clock_from_timespec((struct timespec) {
		    .tv_sec = stat.stx_mtime.tv_sec,
		    .tv_nsec = stat.stx_mtime.tv_nsec });
	(void)tickets_add(s, org, &ticket, queue, due);
}

/*
 * Up to a piece of one directory; true when it is read to its end, or memory
 * takes no more drops.
 */
static bool
scan_directory(struct spoold *s, struct organization *org, enum queue queue)
{
	const char *name, *day;
	struct why why;

	if (org->list == NULL) {
		org->list = spool_list(org->spool, queue, &why);
		if (org->list == NULL) {
			log_warning("scan: %s", why.text);
			return true;
		}
	}
	for (int i = 0; scan_goes_on(s, i); i++) {
		name = spool_list_next(org->list, &day);
		if (name == NULL || (queue == QUEUE_new && org->drops.more)) {
			spool_list_free(&org->list);
			return true;
		}
		if (queue == QUEUE_new)
			drop_seen(s, org, name);
		else
			scan_ticket(s, org, queue, name);
	}
	return false;
}

/* Up to a piece of the tickets in memory that were not seen. */
static bool
scan_missed(struct spoold *s, struct organization *org)
{
	struct waiting *w = org->scan_next;

	if (w == NULL)
		w = RB_MIN(waiting_by_name, &org->tickets);
	for (int i = 0; scan_goes_on(s, i); i++) {
		if (w == NULL)
			return true;
		org->scan_next = RB_NEXT(waiting_by_name, &org->tickets, w);
		if (w->seen != org->scan_number)
			moves_missed(s, org, w);
		w = org->scan_next;
	}
	return w == NULL;
}

void
organization_forget(struct organization *org, const struct waiting *w)
{
	struct waiting *next = RB_NEXT(waiting_by_name, &org->tickets,
	    (struct waiting *)(uintptr_t)w);

	if (org->scan_next == w)
		org->scan_next = next;
	if (org->unread_next == w)
		org->unread_next = next;
}

bool
organization_scan_piece(struct spoold *s, struct organization *org)
{
	if (org->scanning == SCAN_NONE)
		return false;
	if (org->scan_step < STEPS) {
		if (scan_directory(s, org, steps[org->scan_step]))
			org->scan_step++;
		return true;
	}
	if (org->scanning == SCAN_ALL && !scan_missed(s, org))
		return true;
	org->scanning = SCAN_NONE;
	if (org->scan_again != SCAN_NONE)
		scan_begin(org, org->scan_again);
	return org->scanning != SCAN_NONE;
}
