/*
 * queue_entry - one line of the queue: a ticket, or a drop that has none
 *
 * It is as the files tell it; what only a running spoold knows, or a
 * destination, is for whoever shows it to fill in.
 */
#ifndef LIB_QUEUE_ENTRY_H
#define LIB_QUEUE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/spool.h"
#include "lib/ticket.h"
#include "lib/why.h"

struct entry {
	enum queue	 queue;		/* QUEUES: it has left it */
	bool		 drop;		/* has no ticket: in new/, or refused */
	struct ticket	 ticket;	/* of a drop its id only */
	int		 max_attempts;	/* 0: not known */
	int64_t		 size;		/* bytes, -1: not known */
	int64_t		 arrived;	/* wall ms */
	int64_t		 due;		/* wall ms, 0: none */
	const char	*reason;	/* borrowed; NULL: none */
	enum error	 error;
	const char	*waiting_for;	/* borrowed; NULL: not known */
	const char	*blocked_by;	/* borrowed; an id, or NULL */
	int64_t		 in_flight_since;	/* wall ms, 0: it is not */
};

/*
 * A ticket, by its place, its file's times and what that has; NULL where it
 * cannot be read: a crash may have left it empty.
 */
void	 entry_of_ticket(struct entry *, enum queue, const struct ticket *,
	    const struct statx *, const struct ticket_file *);

/* A drop in new/: the id is the one that it will have. */
void	 entry_of_drop(struct entry *, const char *organization,
	    const char *name, const struct statx *);

/* One that was refused: `error` is what stands beside it, or NULL. */
void	 entry_of_refused(struct entry *, const struct id *,
	    const struct statx *, const struct json *error);

/* As an object that always has all fields. */
void	 entry_write(struct buf *, const char *organization,
	    const struct entry *);

#endif
