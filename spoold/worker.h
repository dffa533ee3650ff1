/*
 * worker - births, deaths and the links of worker processes
 *
 * A pool is the worker processes of one program for one organization, or (for
 * download, whose listener there is but once) for all.  A
 * worker holds attempts (or drops, for intake); when it dies they come back
 * to its pool's owner, and another is started, throttled if it dies before it
 * was ready.
 */
#ifndef SPOOLD_WORKER_H
#define SPOOLD_WORKER_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/link.h"

#include "spoold/loop.h"

struct organization;
struct pool;
struct spoold;

enum worker_state {
	WORKER_STARTING,	/* told its setup, not yet ready */
	WORKER_READY,
	WORKER_RETIRING,	/* gets nothing more; ends when idle */
	WORKER_DYING,		/* killed, or its link is gone */
	WORKER_STATES
};

struct worker {
	TAILQ_ENTRY(worker) entry;
	struct pool	*pool;		/* borrowed */
	pid_t		 pid;		/* 0: the nurse has not said yet */
	uint64_t	 number;	/* the nurse's; 0: spoold's own child */
	int		 pid_fd;	/* own; -1: the nurse says its end */
	int		 link;		/* own; -1 once closed */
	struct source	 link_source;
	struct source	 exit_source;
	enum worker_state state;
	unsigned	 busy;		/* attempts or drops it holds */
	bool		 blocked;	/* its link is full */
	bool		 was_ready;	/* got beyond its start */
};

/* What a pool's owner does with what its workers say. */
struct pool_owner {
	/* A record came; -1 with *why: the worker lies, and is killed. */
	int	(*heard)(struct spoold *, struct worker *,
		    const struct link_record *, struct why *);
	/* It is ready, or its link can take more. */
	void	(*able)(struct spoold *, struct worker *);
	/* It is gone; `asked` if it was told to end. */
	void	(*died)(struct spoold *, struct worker *, bool asked);
};

struct pool {
	TAILQ_ENTRY(pool) entry;	/* of spoold's */
	TAILQ_ENTRY(pool) of_pipes;	/* of its organization's, by user */
	struct spoold	*spoold;	/* borrowed */
	struct organization *organization;	/* borrowed; NULL: it serves
					 * all of them */
	const char	*program;	/* "intake", a transport's name */
	char		*user;		/* own; of a pipe's; "": its kind's */
	const struct pool_owner *owner;
	TAILQ_HEAD(, worker) workers;
	unsigned	 processes;	/* wanted */
	unsigned	 concurrency;	/* over all of its processes */
	unsigned	 busy;
	unsigned	 failures;	/* deaths before ready, in a row */
	struct timer	 birth;		/* when throttled */
};

TAILQ_HEAD(pools, pool);

struct pool	*pool_new(struct spoold *, struct organization *,
		    const char *program, const char *user,
		    const struct pool_owner *);
void		 pool_free(struct pool **);

/* Takes processes and concurrency from the configuration. */
void	 pool_configure(struct pool *);

/*
 * A worker that can take one more, started if there is none yet; NULL if none
 * is ready now (`able` is called when one is).
 */
struct worker	*pool_worker(struct pool *);

/* Idle ones end at once, others when they are idle. */
void	 pool_retire(struct pool *);

/* Sends a record.  1, 0 if its link is full (`able` comes), -1: it is dying. */
int	 worker_send(struct worker *, const struct link_record *);

/* It holds one more, or one less. */
void	 worker_hold(struct worker *);
void	 worker_release(struct worker *);

/* The same of what takes no slot of an attempt's. */
void	 worker_attend(struct worker *);
void	 worker_leave(struct worker *);

/* True if a worker process has that pid. */
bool	 worker_is(const struct spoold *, pid_t);

/* That of the nurse's number, or NULL. */
struct worker	*worker_numbered(const struct spoold *, uint64_t number);

/* What the nurse says of it: it was not started, or ended with that status. */
void	 worker_failed(struct worker *, int number);
void	 worker_ended(struct worker *, int status);

/* The nurse is gone, and with it every worker. */
void	 workers_lost(struct spoold *);

/* kill -9; `died` follows. */
void	 worker_kill(struct worker *, const char *reason);

#endif
