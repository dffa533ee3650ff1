/*
 * unseen - download links that end without having been fetched
 *
 * One that nobody has fetched when it ends was told to nobody, or to somebody
 * who has missed it: while it is open that can be mended.
 */
#ifndef LIB_UNSEEN_H
#define LIB_UNSEEN_H

#include "lib/buf.h"
#include "lib/published.h"
#include "lib/ticket.h"

/* Those of one organization. */
struct unseen {
	size_t		 soon;		/* that are about to end, */
	size_t		 ended;		/* and that have */
	int64_t		 latest;	/* end of the last of `soon`, wall ms */
	/* The first that is about to end, else the first that has. */
	int64_t		 ends;		/* wall ms */
	char		 ticket[TICKET_NAME_MAX];	/* its name */
};

/*
 * Counts a link if nobody has fetched it and it ends within `lead` ms, of which
 * the last quarter of its time counts at most, or has ended: for a week, for
 * one that is kept longer can be helped by nobody.
 */
void	 unseen_note(struct unseen *, const struct published *,
	    const struct published_state *, int64_t now, int64_t lead);

/*
 * Appends a sentence about them; `when` is the time of the first one's end in
 * words.  True if there are any.
 */
bool	 unseen_print(const struct unseen *, int64_t lead, const char *when,
	    struct buf *);

#endif
