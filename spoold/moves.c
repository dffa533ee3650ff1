/*
 * moves - what a person did in the tickets' directories
 *
 * Events come after the fact, and most tell of the supervisor's own renames:
 * those agree with memory, and cost nothing.  Where they do not agree, the
 * disk decides.  A ticket with an attempt under way is left alone: its outcome
 * finds it where it is.
 */
#include <sys/inotify.h>
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/spool.h"

#include "spoold/alert.h"
#include "spoold/change.h"
#include "spoold/commit.h"
#include "spoold/moves.h"
#include "spoold/organization.h"
#include "spoold/receipts.h"
#include "spoold/settle.h"
#include "spoold/spoold.h"

#define BY_HAND "by hand"

/* The mtime of a ticket in a queue, wall ms; 0 if it is not there. */
static int64_t
ticket_mtime(const struct organization *org, enum queue queue,
    const char *name, bool *empty_r)
{
	struct statx stat;
	struct why why;

	if (spool_stat(org->spool, queue, name, &stat, &why) != 1)
		return 0;
	*empty_r = stat.stx_size == 0;
	return clock_from_timespec((struct timespec) {
	    .tv_sec = stat.stx_mtime.tv_sec,
	    .tv_nsec = stat.stx_mtime.tv_nsec });
}

/* Someone touched a ticket in retry/: its mtime is when it is due. */
static void
moves_touched(struct spoold *s, struct waiting *w, int64_t due)
{
	int64_t known = tickets_wall(w->due);

	if (due != 0 && (due > known + 2 || due < known - 2))
		tickets_place(s, w, QUEUE_retry, due);
}

/* A ticket that is not in memory came to a queue: from failed/ or done/. */
static void
moves_came(struct spoold *s, struct organization *org, enum queue queue,
    const char *name, bool empty, int64_t mtime)
{
	struct change_place place = { QUEUE_failed, name };
	struct ticket_file file;
	struct ticket ticket;
	struct why why;
	int known;

	if (ticket_parse(name, &ticket) == -1)
		return;
	known = empty ? 0 : spool_read_ticket(org->spool, queue, name, &file,
	    &why);
	if (known == 1) {
		known = receipts_has_twin(org, &file.facts, &ticket) ? 0 : 1;
		ticket_file_free(&file);
	}
	if (known == 0) {
		settle_put_aside(s, org, queue, name);
		return;
	}
	if (queue == QUEUE_hold) {
		/* Still a dead letter, only kept apart. */
		(void)tickets_add(s, org, &ticket, queue, mtime);
		return;
	}
	if (change_ticket(s, org, CHANGE_retry, &place, false, BY_HAND,
	    &why) != 1)
		log_warning("%s/%s: %s", queue_name(queue), name, why.text);
}

static void
moves_record(struct spoold *s, const struct organization *org,
    const struct waiting *w, enum event event)
{
	struct buf fields = { 0 };
	char id[ID_LENGTH + 1];

	id_format(&w->id, id);
	commit_fields(&fields, org->id, id);
	json_put_string(&fields, "dest", w->target->id);
	json_put_integer(&fields, "attempts", w->attempts);
	json_put_string(&fields, "by", BY_HAND);
	(void)commit_line(s, event, &fields);
}

void
moves_held(struct spoold *s, struct organization *org,
    const struct waiting *w)
{
	moves_record(s, org, w, EVENT_held);
}

void
moves_returned(struct spoold *s, struct organization *org,
    struct waiting *w)
{
	char name[TICKET_NAME_MAX];
	enum queue queue = (enum queue)w->queue;

	tickets_name(w, name);
	tickets_remove(s, w);
	moves_came(s, org, queue, name, false, clock_wall());
}

/* The ticket is in memory, but elsewhere. */
static void
moves_moved(struct spoold *s, struct organization *org, struct waiting *w,
    enum queue queue, const struct ticket *ticket, int64_t mtime)
{
	char name[TICKET_NAME_MAX], known[TICKET_NAME_MAX];
	struct change_place place;
	enum queue from = (enum queue)w->queue;
	struct statx stat;
	struct why why;
	int change;

	ticket_format(ticket, name);
	tickets_name(w, known);
	if (spool_stat(org->spool, from, known, &stat, &why) == 1) {
		settle_put_aside(s, org, queue, name);
		return;
	}
	change = change_of_move(from, queue);
	if (queue == QUEUE_failed) {
		place = (struct change_place) { from, name };
		if (change_ticket(s, org, CHANGE_cancel, &place, false,
		    BY_HAND, &why) == 1)
			/* The next event of the same move tells nothing new. */
			tickets_place(s, w, QUEUE_failed, 0);
		else
			log_warning("failed/%s: %s", name, why.text);
		return;
	}
	w->attempts = (uint16_t)ticket->attempts;
	tickets_place(s, w, queue, mtime);
	if (change == -1)
		return;		/* between cur/ and retry/: its due time */
	moves_record(s, org, w, change == CHANGE_hold ? EVENT_held :
	    EVENT_released);
}

void
moves_seen(struct spoold *s, struct organization *org, enum queue queue,
    const char *name, uint32_t mask)
{
	struct ticket ticket;
	struct waiting *w;
	bool empty = false;
	int64_t mtime;

	if (ticket_parse(name, &ticket) == -1)
		return;
	w = tickets_find(org, &ticket.id, ticket.destination);
	if (w != NULL)
		w->seen = w->queue == queue ? org->scan_number : w->seen;
	if (w != NULL && w->flight != NULL)
		return;
	if ((mask & (IN_MOVED_FROM | IN_DELETE)) != 0) {
		if (w != NULL && w->queue == queue &&
		    w->attempts == ticket.attempts)
			moves_missed(s, org, w);
		return;
	}
	if (w != NULL && w->queue == queue &&
	    w->attempts == ticket.attempts &&
	    (mask & IN_ATTRIB) == 0)
		return;
	mtime = ticket_mtime(org, queue, name, &empty);
	if (mtime == 0)
		return;		/* it has moved on since */
	if (w == NULL) {
		/* With memory full, one of those that stayed on disk. */
		if (queue != QUEUE_failed && !org->overflowed)
			moves_came(s, org, queue, name, empty, mtime);
	} else if (w->queue != queue || w->attempts != ticket.attempts)
		moves_moved(s, org, w, queue, &ticket, mtime);
	else if (queue == QUEUE_retry)
		moves_touched(s, w, mtime);
}

void
moves_missed(struct spoold *s, struct organization *org, struct waiting *w)
{
	char name[TICKET_NAME_MAX], id[ID_LENGTH + 1];
	struct statx stat;
	struct why why;
	int where;

	if (w->flight != NULL)
		return;
	tickets_name(w, name);
	if (spool_stat(org->spool, (enum queue)w->queue, name, &stat,
	    &why) != 0)
		return;		/* there it is, or nobody can say */
	where = settle_locate(org, name);
	if (where != -1) {
		moves_seen(s, org, (enum queue)where, name, IN_MOVED_TO);
		return;
	}
	id_format(&w->id, id);
	log_warning("%s.%s: its file was removed from %s/ by hand", id,
	    w->target->id, queue_name((enum queue)w->queue));
	alert_begin(s, ALERT_lost, "the file of %s.%s was removed from %s/",
	    id, w->target->id, queue_name((enum queue)w->queue));
	tickets_remove(s, w);
}
