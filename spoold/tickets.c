/*
 * tickets - the waiting tickets in memory
 *
 * Only one of its two places uses by_place at a time: a ticket in retry/ is
 * among the due, one in cur/ without an attempt is in its target's ready
 * tree, one in flight or in hold/ is in neither.  Waits are kept on the
 * monotonic clock, so that a step of the wall clock neither fires nor stalls
 * them.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "spoold/expiry.h"
#include "spoold/flight.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"
#include "spoold/target.h"
#include "spoold/tickets.h"

_Static_assert(sizeof(struct waiting) <= 144,
    "a waiting ticket may cost 160 bytes, malloc's own 16 included");

static int
waiting_compare_name(const struct waiting *a, const struct waiting *b)
{
	int order = id_compare(&a->id, &b->id);

	if (order != 0)
		return order;
	return strcmp(a->target->id, b->target->id);
}

/* Higher priority first, then the older job. */
static int
waiting_compare_rank(const struct waiting *a, const struct waiting *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	return waiting_compare_name(a, b);
}

static int
waiting_compare_due(const struct waiting *a, const struct waiting *b)
{
	if (a->due != b->due)
		return a->due < b->due ? -1 : 1;
	/* Organizations may share a destination's name, not an address. */
	return a < b ? -1 : a > b;
}

RB_GENERATE(waiting_by_name, waiting, by_name, waiting_compare_name)
RB_GENERATE(waiting_by_rank, waiting, by_place, waiting_compare_rank)
RB_GENERATE(waiting_by_due, waiting, by_place, waiting_compare_due)

int64_t
tickets_wall(int64_t monotonic)
{
	return clock_wall() + (monotonic - clock_monotonic());
}

int64_t
tickets_monotonic(int64_t wall)
{
	return clock_monotonic() + (wall - clock_wall());
}

void
tickets_withhold(struct waiting *w)
{
	if (!w->placed)
		return;
	if (w->queue == QUEUE_retry)
		RB_REMOVE(waiting_by_due, &w->target->organization->due, w);
	else
		RB_REMOVE(waiting_by_rank, &w->target->ready, w);
	w->placed = false;
	expiry_moved(w);
}

void
tickets_place(struct spoold *s, struct waiting *w, enum queue queue,
    int64_t due)
{
	struct organization *org = w->target->organization;

	tickets_withhold(w);
	org->counts[w->queue]--;
	org->counts[queue]++;
	w->queue = (uint8_t)queue;
	if (w->flight != NULL)
		return;
	if (queue == QUEUE_retry) {
		w->due = tickets_monotonic(due);
		RB_INSERT(waiting_by_due, &org->due, w);
		w->placed = true;
	} else if (queue == QUEUE_cur) {
		RB_INSERT(waiting_by_rank, &w->target->ready, w);
		w->placed = true;
		s->look_for_work = true;
	}
	expiry_moved(w);
}

struct waiting *
tickets_add(struct spoold *s, struct organization *org,
    const struct ticket *ticket, enum queue queue, int64_t due)
{
	struct waiting *w;
	bool is_first;

	if (s->ticket_count >= (size_t)s->conf->queue_active_limit) {
		org->overflowed = true;
		return NULL;
	}
	is_first = tickets_first(org, &ticket->id) == NULL;
	w = xcalloc(1, sizeof(*w));
	w->id = ticket->id;
	w->target = target_get(org, ticket->destination);
	w->attempts = (uint16_t)ticket->attempts;
	w->priority = (uint8_t)ticket->priority;
	w->seen = org->scan_number;
	w->queue = (uint8_t)queue;
	if (RB_INSERT(waiting_by_name, &org->tickets, w) != NULL) {
		free(w);
		return NULL;
	}
	target_came(w->target, w);
	w->unread = true;
	org->unread++;
	s->ticket_count++;
	org->counts[queue]++;
	if (is_first)
		limits_came(s, org, &w->id);
	tickets_place(s, w, queue, due);
	return w;
}

void
tickets_remove(struct spoold *s, struct waiting *w)
{
	struct organization *org = w->target->organization;

	tickets_withhold(w);
	expiry_forget(w);
	organization_forget(org, w);
	resume_forget(&s->resumes, w);
	s->look_for_work = true;	/* it may have been in the way */
	target_leaves(w->target, w);
	RB_REMOVE(waiting_by_name, &org->tickets, w);
	if (tickets_first(org, &w->id) == NULL)
		limits_left(s, org, &w->id);
	org->counts[w->queue]--;
	s->ticket_count--;
	/* What stayed on disk is taken up when a tenth is free again. */
	if (s->phase == PHASE_RUNNING && org->overflowed && s->ticket_count <
	    (size_t)s->conf->queue_active_limit / 10 * 9)
		organization_scan(org, SCAN_ALL);
	free(w);
}

struct waiting *
tickets_find(const struct organization *org, const struct id *id,
    const char *destination)
{
	struct target target;
	struct waiting key = { .id = *id, .target = &target };

	if (strlen(destination) >= sizeof(target.id))
		return NULL;
	memcpy(target.id, destination, strlen(destination) + 1);
	/* The macros take no const head, and change nothing in a search. */
	return RB_FIND(waiting_by_name,
	    (struct waiting_by_name *)(uintptr_t)&org->tickets, &key);
}

struct waiting *
tickets_first(const struct organization *org, const struct id *id)
{
	struct target target = { .id = "" };
	struct waiting key = { .id = *id, .target = &target };
	struct waiting *w;

	w = RB_NFIND(waiting_by_name,
	    (struct waiting_by_name *)(uintptr_t)&org->tickets, &key);
	return w != NULL && id_compare(&w->id, id) == 0 ? w : NULL;
}

struct waiting *
tickets_next(const struct waiting *w)
{
	struct waiting *next;

	next = RB_NEXT(waiting_by_name, NULL,
	    (struct waiting *)(uintptr_t)w);
	return next != NULL && id_compare(&next->id, &w->id) == 0 ?
	    next : NULL;
}

void
tickets_ticket(const struct waiting *w, struct ticket *ticket)
{
	ticket->id = w->id;
	memcpy(ticket->destination, w->target->id,
	    sizeof(ticket->destination));
	ticket->priority = w->priority;
	ticket->attempts = w->attempts;
}

void
tickets_name(const struct waiting *w, char out[TICKET_NAME_MAX])
{
	struct ticket ticket;

	tickets_ticket(w, &ticket);
	ticket_format(&ticket, out);
}
