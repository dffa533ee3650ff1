/*
 * express - an organization that drops a single job now and then goes first
 *
 * Beside one with 100,000 jobs it would wait at every step: for the disk, for
 * the loop, for a processor.  So while it has something on its way and has
 * credit, the others stand back: of theirs no drop is looked at, no directory
 * read, no attempt begun, nothing carried out, and of what their workers say
 * one record a turn is read.  What a checkpoint needs is carried out anyway.
 *
 * Credit is time.  It goes while an organization has something on its way, and
 * comes back while it has not; what all of them get is half of the time at
 * most, and no more than 100 ms on end.  One that is always busy has none, and
 * shares with its like by turns.
 */
#ifndef SPOOLD_EXPRESS_H
#define SPOOLD_EXPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct organization;
struct spoold;

struct express {		/* of an organization */
	int64_t	 credit;	/* us; negative: it owes */
	bool	 busy;		/* since the last account */
	bool	 goes_first;	/* in this turn */
};

/*
 * So many us have passed since the last account of one among `organizations`;
 * from now on it is busy, or not.
 */
void	 express_account(struct express *, bool busy, int64_t passed,
	    size_t organizations);

/* A turn begins. */
void	 express_turn(struct spoold *);

/* True if it stands back in this turn. */
bool	 express_yields(const struct spoold *, const struct organization *);

/* True if those that stood back may go on at once. */
bool	 express_is_over(const struct spoold *);

#endif
