/*
 * erasure - what was stored at a destination goes, by its worker
 *
 * The record in stored/ was made by the `delivered` line, which says when this
 * is to be.  What the worker says is gone is journaled, then the record is
 * removed: a crash in between asks the worker again, who finds nothing and says
 * so.  They are few at a time, take no slot of a delivery's, and wait where all
 * of those are taken.
 *
 * What cannot be erased now keeps its record.
 */
#ifndef SPOOLD_ERASURE_H
#define SPOOLD_ERASURE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/json.h"
#include "lib/link.h"
#include "lib/stored.h"
#include "lib/why.h"

struct destination;
struct flight;
struct organization;
struct spoold;
struct target;
struct worker;
struct erasure;				/* opaque */

TAILQ_HEAD(erasures, erasure);

#define ERASURES_MAX 8			/* under way at once */
#define ERASURE_AGAIN (24 * 3600 * 1000LL)	/* ms after one was refused */

enum erasure_end {
	ERASURE_DONE,		/* its record is gone */
	ERASURE_KEPT,		/* it is tried again a day later, or all of
				 * its destination are */
	ERASURE_LATER		/* there was no worker, or by now it is held,
				 * to be sent again, or to stay for longer */
};

/* It has ended; `reason` says why it was kept, else "". */
typedef void	 erasure_done(void *arg, enum erasure_end, const char *reason);

/*
 * Has erased what the record at that path in stored/ says (taken over), with
 * the target's settings.
 */
void	 erasure_start(struct spoold *, struct target *, const char *path,
	    struct stored_record *, erasure_done *, void *arg);

/*
 * True while that is erased, or the end of it is on its way to disk: nothing
 * may happen to its ticket then.
 */
bool	 erasure_runs(const struct spoold *, const struct organization *,
	    const struct id *, const char *destination);

/* Hands out those that wait for a worker. */
void	 erasures_run(struct spoold *);
/* Once a second: ends those that nothing is heard of. */
void	 erasures_check(struct spoold *);
/* spoold ends: nobody is told any more. */
void	 erasures_end(struct spoold *);

/* What a worker says of one: that it goes on, or its end.  -1 with *why. */
bool	 erasure_moved(struct spoold *, const struct worker *,
	    const struct link_record *);
int	 erasure_heard(struct spoold *, struct worker *,
	    const struct link_record *, struct why *);
void	 erasures_died(struct spoold *, struct worker *);

/* --- records -------------------------------------------------------------- */

/*
 * Adds to a `delivered` line what the record needs, sealed, where the
 * destination erases what is stored, and keeps it for erasure_record().
 */
void	 erasure_note(struct flight *, const char *stored, struct buf *fields);

/* When it is due, wall ms, by the days that the destination has now. */
int64_t	 erasure_due(const struct stored_record *,
	    const struct destination *);

/* The action of that line: the record is there.  0, or -1 with *why. */
int	 erasure_record(const struct flight *, struct why *);

/*
 * At the start, for `delivered` and `erased` lines that no checkpoint covers:
 * makes the record, or removes it.  0, or -1 with *why.
 */
int	 erasure_redo_delivered(const struct organization *, const struct id *,
	    const struct json *line, struct why *);
int	 erasure_redo_erased(const struct organization *,
	    const struct json *line, struct why *);

#endif
