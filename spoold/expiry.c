/*
 * expiry - tickets whose job has an expiresAt
 *
 * The time stands in the ticket's file.  At the start there may be a hundred
 * thousand of them, which are read a few a turn while work goes on; a ticket
 * whose turn comes earlier is looked at by its flight.  expiresAt is a date,
 * so it is compared with the wall clock; the timer is set anew in every turn,
 * of which there is one a second at least, so a step of that clock counts.
 */
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/change.h"
#include "spoold/expiry.h"
#include "spoold/organization.h"
#include "spoold/spoold.h"

#define LOOKED_AT 1000		/* tickets a turn */
#define READ 50			/* files a turn, while it has time */
#define AGAIN 1000		/* ms until what was not possible is tried */

static int
expiry_compare(const struct expiry *a, const struct expiry *b)
{
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return a < b ? -1 : a > b;
}

RB_GENERATE(expiries, expiry, entry, expiry_compare)

static void
expiry_stop(struct expiry *expiry)
{
	struct organization *org = expiry->waiting->target->organization;

	if (expiry->counts)
		RB_REMOVE(expiries, &org->expiries, expiry);
	expiry->counts = false;
}

void
expiry_moved(struct waiting *w)
{
	struct expiry *expiry = w->expiry;

	if (expiry == NULL)
		return;
	expiry_stop(expiry);
	expiry->counts = w->placed;
	if (expiry->counts)
		RB_INSERT(expiries, &w->target->organization->expiries,
		    expiry);
}

void
expiry_set(struct waiting *w, int64_t at)
{
	if (w->unread)
		w->target->organization->unread--;
	w->unread = false;
	if (at == 0 || w->expiry != NULL)
		return;
	w->expiry = xcalloc(1, sizeof(*w->expiry));
	w->expiry->waiting = w;
	w->expiry->at = at;
	expiry_moved(w);
}

void
expiry_forget(struct waiting *w)
{
	if (w->unread)
		w->target->organization->unread--;
	w->unread = false;
	if (w->expiry != NULL)
		expiry_stop(w->expiry);
	free(w->expiry);
	w->expiry = NULL;
}

int64_t
expiry_of(const struct waiting *w)
{
	return w->expiry == NULL ? 0 : w->expiry->at;
}

static void
expiry_read_one(struct organization *org, struct waiting *w)
{
	char name[TICKET_NAME_MAX];
	struct ticket_file file;
	int64_t at = 0;
	struct why why;

	tickets_name(w, name);
	if (spool_read_ticket(org->spool, (enum queue)w->queue, name, &file,
	    &why) == 1) {
		at = file.facts.job.expires_at;
		ticket_file_free(&file);
	}
	expiry_set(w, at);
}

bool
expiry_read(struct spoold *s, struct organization *org)
{
	struct waiting *w = org->unread_next;
	int read = 0;

	if (org->unread == 0)
		return false;
	if (w == NULL)
		w = RB_MIN(waiting_by_name, &org->tickets);
	for (int i = 0; w != NULL && i < LOOKED_AT && read < READ; i++) {
		if (w->unread) {
			expiry_read_one(org, w);
			read++;
		}
		w = RB_NEXT(waiting_by_name, &org->tickets, w);
		if (read > 0 && loop_is_late(s->loop))
			break;
	}
	org->unread_next = w;
	return org->unread > 0;
}

/* False if it is not possible now. */
static bool
expiry_end(struct spoold *s, struct expiry *expiry)
{
	struct waiting *w = expiry->waiting;
	char name[TICKET_NAME_MAX];
	struct change_place place = { (enum queue)w->queue, name };
	struct why why;

	/* It is looked at again when its attempt has ended. */
	if (w->flight != NULL) {
		expiry_stop(expiry);
		return true;
	}
	tickets_name(w, name);
	if (change_ticket(s, w->target->organization, CHANGE_run_out, &place,
	    false, NULL, &why) != 1) {
		log_warning("%s: cannot expire now: %s", name, why.text);
		return false;
	}
	return true;
}

/* Of one organization; ms until the next one, -1: there is none. */
static int64_t
expiry_run_of(struct spoold *s, struct organization *org, int64_t now)
{
	struct expiry *first;

	while ((first = RB_MIN(expiries, &org->expiries)) != NULL &&
	    first->at <= now) {
		if (!expiry_end(s, first))
			return AGAIN;
		if (loop_is_late(s->loop))
			return 0;
	}
	return first == NULL ? -1 : first->at - now;
}

void
expiry_run(struct spoold *s)
{
	int64_t now = clock_wall(), next = -1, wait;
	struct organization *org;

	for (org = s->first; org != NULL; org = organizations_next(s, org)) {
		if (express_yields(s, org))
			continue;	/* the turn after looks again */
		wait = expiry_run_of(s, org, now);
		if (wait != -1 && (next == -1 || wait < next))
			next = wait;
	}
	if (next != -1)
		timer_set(s->loop, &s->expiry_timer, clock_monotonic() + next);
}
