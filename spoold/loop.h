/*
 * loop - one epoll, one timerfd: what is ready, and what is due
 *
 * Everything the supervisor waits for is a source (a descriptor) or a timer.
 * Both are embedded in their owners, which take them out before they go.
 * Handlers run one after another and never block.  One that may have much to
 * do does some of it at least, and more while the turn is not late: so it keeps
 * nobody waiting for long.
 */
#ifndef SPOOLD_LOOP_H
#define SPOOLD_LOOP_H

#include <sys/tree.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/why.h"

struct loop;				/* opaque */

struct source {
	int	 fd;			/* borrowed; -1: not in the loop */
	void	(*ready)(void *arg, uint32_t events);	/* EPOLLIN, … */
	void	*arg;			/* borrowed */
};

struct timer {
	RB_ENTRY(timer)	 entry;
	int64_t	 due;			/* monotonic ms */
	bool	 set;
	void	(*fire)(void *arg);
	void	*arg;			/* borrowed */
};

struct loop	*loop_new(struct why *);
void		 loop_free(struct loop **);

/* 0, or -1 with *why. */
int	 source_add(struct loop *, struct source *, int fd, uint32_t events,
	    struct why *);
int	 source_change(struct loop *, struct source *, uint32_t events,
	    struct why *);
/* Safe within any handler; nothing if it is not in. */
void	 source_remove(struct loop *, struct source *);

/* Sets or moves it; `due` on the monotonic clock, in ms. */
void	 timer_set(struct loop *, struct timer *, int64_t due);
void	 timer_clear(struct loop *, struct timer *);

/*
 * One turn: waits (not at all if `busy`), then calls what is ready and due.
 * Returns 0, or -1 with *why if waiting itself fails.
 */
int	 loop_turn(struct loop *, bool busy, struct why *);

/* True when the turn has had its time: what is left is for the next one. */
bool	 loop_is_late(const struct loop *);

#endif
