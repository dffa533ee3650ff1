/*
 * flights - all attempts under way, watched over
 */
#ifndef SPOOLD_FLIGHTS_H
#define SPOOLD_FLIGHTS_H

#include <stdbool.h>

#include "lib/buf.h"

struct spoold;

/*
 * Once a second: kills workers that are silent for too long, and withdraws
 * what is staged and has no slot.
 */
void	 flights_check(struct spoold *);

/* Withdraws all that is staged. */
void	 flights_withdraw(struct spoold *);

/*
 * True if all that is left are outcomes that cannot be made durable: the next
 * start says `maybe` of them.
 */
bool	 flights_are_stuck(const struct spoold *);

/* The attempts without an outcome, as a JSON array. */
void	 flights_list(const struct spoold *, struct buf *);

#endif
