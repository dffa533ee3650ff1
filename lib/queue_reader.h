/*
 * queue_reader - the queue, from the directories
 *
 * Tickets move while they are read: one that has left its place is looked for
 * where it may have gone, and one that is found nowhere is finished.
 */
#ifndef LIB_QUEUE_READER_H
#define LIB_QUEUE_READER_H

#include "lib/queue_entry.h"
#include "lib/select.h"

/* One of the queue's; what is not 0 ends the reading. */
typedef int	 entry_seen(void *arg, struct entry *);

struct queue_reader {
	const struct spool *spool;	/* borrowed */
	unsigned	 queues;	/* QUEUE_BIT()s, that are told of */
	unsigned	 beside;	/* and those looked at for `before` */
	bool		 shown;		/* how far it is, on a terminal */
	void		(*before)(void *arg, const struct selection *);
				/* sees all tickets first, or NULL */
	entry_seen	*each;
	void		*arg;		/* borrowed; theirs */
};

/*
 * Tells of drops in new/, of refused ones, then of tickets by their ids.
 * Returns 0, what `each` returned, or -1 with *why.
 */
int	 queue_reader_run(const struct queue_reader *, struct why *);

#endif
