/*
 * schedule - which ticket is attempted next
 *
 * Of the destinations that have a ready ticket and may have one more attempt
 * under way, the one whose first ticket has the highest priority goes first;
 * of equals the one with the fewest under way, then the oldest ticket.
 */
#ifndef SPOOLD_SCHEDULE_H
#define SPOOLD_SCHEDULE_H

struct spoold;
struct target;

/* Starts what can be started, at most a batch.  */
void	 schedule_run(struct spoold *);

/* How many attempts a destination that is configured may have under way. */
unsigned	 schedule_limit(const struct target *);

/* What pace_timer does: a destination may start attempts again. */
void	 schedule_wake(void *spoold);

/* Takes what is due out of retry/, and sets the alarm for what is next. */
void	 schedule_due(struct spoold *);

#endif
