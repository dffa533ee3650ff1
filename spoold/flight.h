/*
 * flight - one attempt under way
 *
 * picked, its files opened; its `attempt` line durable; handed to a worker;
 * its outcome heard and made durable; its ticket moved.  There is one flight
 * for a ticket at most, and it is gone only when its ticket is where its
 * outcome put it.
 *
 * A flight may be staged: its line is written before a slot is free, so that
 * the one that becomes free waits for no sync.
 */
#ifndef SPOOLD_FLIGHT_H
#define SPOOLD_FLIGHT_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/destination.h"
#include "lib/facts.h"
#include "spool-layout/layout.h"

#include "spoold/links.h"

#define QUICK 100		/* ms within which most answers come */

struct organization;
struct pool;
struct spoold;
struct stored_record;
struct waiting;
struct worker;

struct flight {
	TAILQ_ENTRY(flight) entry;
	TAILQ_ENTRY(flight) stage;	/* of its target, while staged */
	struct spoold	*spoold;	/* borrowed */
	struct waiting	*waiting;	/* borrowed */
	struct worker	*worker;	/* borrowed; NULL before it has one and
					 * after its outcome */
	struct ticket_file file;	/* own; as it was read */
	int64_t		 seq;		/* of its attempt line, 0: none */
	int64_t		 started;	/* monotonic ms */
	int64_t		 heard;		/* monotonic ms of the last sign */
	int64_t		 sent;		/* bytes, as its worker says */
	int64_t		 version;	/* of the destination, as handed out */
	int		 attempt;	/* its number, from 1 */
	int		 ticket;	/* own; its file, until it is settled */
	int		 job;		/* own; descriptors until handed out */
	int		 payload;	/* own; -1: inline data */
	bool		 unsynced;	/* its line may not be durable yet */
	bool		 staged;	/* waits for a slot */
	bool		 handed_out;
	bool		 awaited;	/* its answer may come at any moment */
	bool		 doubtful;	/* may repeat one that arrived */
	bool		 closed;	/* its outcome is on its way to disk */
	/* Its outcome, once closed. */
	struct event_line line;		/* own; event, reason, … */
	enum queue	 to;		/* where it puts the ticket */
	int		 attempts;	/* the ticket's new count */
	bool		 recorded;	/* its line is in the ticket's file */
	struct stored_record *stored;	/* own; NULL: nothing is to go */
	char		*replaces;	/* own; the record of a delivery before,
					 * or NULL */
	/* Of a download: */
	struct links_seen seen;		/* the file, as it was handed out */
	struct published *published;	/* own; the link, or NULL */
};

TAILQ_HEAD(flights, flight);

/*
 * The worker processes of a transport for an organization (NULL: for all), as
 * that user (a pipe's; "": as its kind's).
 */
struct pool	*flight_pool(struct spoold *, struct organization *,
		    enum transport, const char *user);

/*
 * Starts an attempt of a ready ticket at that worker; without one, stages it.
 * A ticket that cannot be attempted (its job is gone, it has expired) is
 * settled instead.  Returns false if nothing can be done with it now: it stays
 * ready.
 */
bool	 flight_start(struct spoold *, struct waiting *, struct worker *);

/* A staged one has its slot. */
void	 flight_dispatch(struct flight *, struct worker *);

/* Its worker's slot is free. */
void	 flight_leave_worker(struct flight *);
void	 flight_free(struct flight *);

/* Nothing is to wait for its answer any more: it hangs, or has come. */
void	 flight_await_no_more(struct flight *);

#endif
