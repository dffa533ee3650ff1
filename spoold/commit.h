/*
 * commit - collect, append, one sync, act
 *
 * Handlers add journal lines and say what is to be done once those are
 * durable.  At the end of a turn all lines are written and synced together;
 * when that is done the actions run: an organization's in the order in which
 * they were given, and each organization's in its turn.  While the journal can
 * take nothing (a full disk) lines and actions stay collected, and nothing new
 * is accepted or attempted.
 */
#ifndef SPOOLD_COMMIT_H
#define SPOOLD_COMMIT_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/journal.h"

struct organization;
struct spoold;
struct commit;				/* opaque */

struct commit	*commit_new(struct spoold *, struct why *);
void		 commit_free(struct commit **);

/* Begins the fields of a journal line: org and job (NULL: none). */
void	 commit_fields(struct buf *, const char *org, const char *job);

/* Adds a line; `fields` is emptied.  Returns its seq. */
int64_t	 commit_line(struct spoold *, enum event, struct buf *fields);

/* The same with that time. */
int64_t	 commit_line_at(struct spoold *, enum event, int64_t wall_ms,
	    struct buf *fields);

/*
 * Runs `act` for an organization (NULL: for spoold itself) after all lines
 * added so far are durable.
 */
void	 commit_then(struct spoold *, struct organization *,
	    void (*act)(struct spoold *, void *), void *arg);

/* The same, before all others of it: what sets a worker to work meanwhile. */
void	 commit_then_first(struct spoold *, struct organization *,
	    void (*act)(struct spoold *, void *), void *arg);

/* Forgets an organization's actions: it goes. */
void	 commit_forget(struct spoold *, struct organization *);

/*
 * For an action that could not be carried out now (a full disk): runs it again
 * every second until it can.  Nothing new begins in that organization
 * meanwhile, and no checkpoint covers it.
 */
void	 commit_redo(struct spoold *, struct organization *,
	    void (*act)(struct spoold *, void *), void *arg,
	    const char *reason);

/* True if every durable line has been carried out. */
bool	 commit_carried_out(const struct spoold *);

/*
 * A turn's part: carries out some of what is durable, and begins the next sync
 * if none is under way; what that made durable is carried out in later turns.
 * With `whole`, which blocks for the time of a sync, all is durable and carried
 * out, or cannot be, once nothing more is awaited.  Returns true if there is
 * more to be done at once.
 */
bool	 commit_turn(struct spoold *, bool whole);

/* Returns when all is durable and carried out, or cannot be. */
void	 commit_wait(struct spoold *);

/*
 * False while the journal cannot be written or the spool cannot be synced;
 * where an organization is given, also while actions of it wait to be redone.
 */
bool	 commit_possible(const struct spoold *, const struct organization *);

/*
 * True if what was collected will not be written soon: the disk is broken, or
 * has been full for a while.
 */
bool	 commit_stuck(const struct spoold *);

#endif
