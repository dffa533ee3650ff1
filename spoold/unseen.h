/*
 * unseen - the alerts about download links that end without having been fetched
 *
 * One for each organization, however many links it has.  All are looked at in
 * pieces, a round every ten minutes and after each reload; the alert begins and
 * ends with a round, and is said again when there are further links that can
 * still be fetched, once an hour at most.  A link that has ended counts for a
 * week, or until it is purged.
 */
#ifndef SPOOLD_UNSEEN_H
#define SPOOLD_UNSEEN_H

#include <stddef.h>
#include <stdint.h>

struct organization;
struct spoold;
struct unseen_look;			/* opaque */

/* What was said last of an organization's; all 0: nothing. */
struct unseen_said {
	int64_t		 at;		/* wall ms */
	int64_t		 latest;	/* as of struct unseen */
	size_t		 soon;
};

struct unseen_look	*unseen_look_new(struct spoold *);
void	 unseen_look_free(struct unseen_look **);

/* From time to time: the next piece of a round, if one is due. */
void	 unseen_check(struct spoold *);

/* A round begins anew: settings or organizations have changed. */
void	 unseen_again(struct spoold *);

#endif
