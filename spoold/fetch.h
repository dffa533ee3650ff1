/*
 * fetch - somebody opens a link: who may have what it leads to
 *
 * The download worker asks for each; it has nothing but the SHA-256 of what
 * was in the URL.  To look is free.  To take counts, is in the journal before
 * the worker gets the descriptor, and so holds whatever crashes.  What was
 * taken can be gone on with for a day, as long as this spoold runs.
 */
#ifndef SPOOLD_FETCH_H
#define SPOOLD_FETCH_H

#include "lib/link.h"
#include "lib/why.h"

struct fetches;				/* opaque */
struct spoold;
struct worker;

struct fetches	*fetches_new(void);
void		 fetches_free(struct fetches **);

/* A worker asks; -1 with *why if it asks too much, or lies. */
int	 fetch_heard(struct spoold *, struct worker *,
	    const struct link_record *, struct why *);

/* Its link can take more; it is gone. */
void	 fetches_able(struct spoold *, struct worker *);
void	 fetches_died(struct spoold *, struct worker *);

/* Each turn: sees to it that somebody listens, where somebody is to. */
void	 fetches_run(struct spoold *);

/* Once a second. */
void	 fetches_check(struct spoold *);

#endif
