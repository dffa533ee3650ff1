/*
 * spoold - the supervisor: one process, one thread, one loop
 *
 * It owns the spools, decides what runs next, and writes the journal.  This is
 * all of its state; everything else is in the struct that a module keeps for
 * itself.
 */
#ifndef SPOOLD_SPOOLD_H
#define SPOOLD_SPOOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/conf.h"
#include "lib/journal.h"
#include "lib/vault.h"

#include "spoold/alert.h"
#include "spoold/erasure.h"
#include "spoold/expiry.h"
#include "spoold/flight.h"
#include "spoold/loop.h"
#include "spoold/organization.h"
#include "spoold/owner.h"
#include "spoold/resume.h"
#include "spoold/revoke.h"
#include "spoold/stepped.h"
#include "spoold/tickets.h"
#include "spoold/trial.h"
#include "spoold/worker.h"

struct checkpoint;
struct link_buffer;
struct nurse;
struct recent;
struct refused_requests;
struct commit;
struct pool;
struct durable;
struct fetches;
struct server;
struct sweep;
struct usage;
struct watch;

enum phase {
	PHASE_RECOVERING,	/* nothing is accepted or attempted yet */
	PHASE_RUNNING,
	PHASE_DRAINING,		/* asked to stop; attempts are under way */
	PHASE_CLOSING,		/* the last checkpoint is on its way */
	PHASE_ENDED
};

struct spoold {
	struct conf	*conf;		/* own */
	struct loop	*loop;		/* own */
	struct commit	*commit;	/* own */
	struct journal	*journal;	/* own */
	struct vault	*vault;		/* own */
	struct durable	*durable;	/* own */
	struct callbacks *callbacks;	/* own; on their way to new/ */
	struct checkpoint *checkpoint;	/* own */
	struct server	*server;	/* own */
	struct refused_requests *refused;	/* own; requests */
	struct unseen_look *unseen;	/* own; links that nobody fetches */
	struct recent	*recent;	/* own */
	struct pool	*listener;	/* own; the download workers' */
	struct pools	 pools;		/* all there are, of their owners */
	struct nurse	*nurse;		/* own; NULL: private, or offline */
	struct link_buffer *link_buffer;	/* own; of the record at hand */
	struct watch	*watch;		/* own */
	struct sweep	*sweep;		/* own; NULL before it runs */
	struct usage	*usage;		/* own; NULL when offline */
	struct stepped	 stepped;	/* the wall clock, watched */
	struct organizations organizations;
	struct organizations removed;	/* by a reload; until the end */
	struct organization *first;	/* borrowed; of them, in this turn;
					 * NULL: before the first one */
	struct timer	 due_timer;	/* for the first ticket in retry/ */
	struct timer	 express_timer;	/* wakes those that stand back */
	int64_t		 express_at;	/* monotonic us of the last account */
	bool		 express;	/* some go first in this turn */
	struct timer	 pace_timer;	/* for ratePerMinute */
	struct timer	 expiry_timer;	/* for the first that ends */
	struct flights	 flights;	/* attempts, until settled */
	struct resumes	 resumes;	/* what attempts can go on with */
	struct trials	 trials;	/* tests of destinations */
	struct erasures	 erasures;	/* of what was stored there */
	struct revocations revocations;	/* of links, on their way to disk */
	struct fetches	*fetches;	/* own; who asks for links */
	unsigned	 drops_at_work;	/* at intake */
	struct owner	 owner;		/* of the last drop */
	size_t		 ticket_count;	/* in memory */
	uint64_t	 tokens;	/* given to drops at intake and tests */
	unsigned	 in_flight;	/* attempts under way */
	struct alert_state alerts[ALERTS];
	struct alerts_about alerts_about;	/* own */
	struct alerts_by_name alerts_by_name;	/* the same */
	enum phase	 phase;
	struct why	 failure;	/* what it ends for; code 0: nothing */
	int64_t		 started_at;	/* wall ms */
	int64_t		 expirations_at;	/* monotonic ms, the last look */
	int		 lock;		/* own */
	bool		 offline;	/* serves one command, runs nothing */
	bool		 allow_volatile;	/* a spool on tmpfs will do */
	bool		 restored;	/* everything goes to hold/ first */
	bool		 changed;	/* since the last checkpoint */
	bool		 look_for_work;	/* a ticket may be attempted */
};

/* Asks for the end: `now` does not wait for attempts under way. */
void	 spoold_stop(struct spoold *, bool now);

#endif
