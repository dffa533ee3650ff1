/*
 * usage - how often a destination was used, and when last
 *
 * Counted in memory, an attempt each, and written to the destination's file
 * now and then: a crash loses what was counted since.
 */
#ifndef SPOOLD_USAGE_H
#define SPOOLD_USAGE_H

struct spoold;
struct target;
struct usage;				/* opaque */

struct usage	*usage_new(struct spoold *);
void		 usage_free(struct usage **);

/* An attempt has ended. */
void	 usage_note(struct target *);

/* The destination's document says what was counted: before it is shown. */
void	 usage_settle(struct target *);

/* All files that do not say it yet, at the end. */
void	 usage_write_all(struct spoold *);

#endif
