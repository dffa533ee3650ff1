/*
 * select - what a person names, as tickets
 *
 * An id, or a prefix of one of at least 8 characters that only one has, names
 * the job's tickets; `ID.DEST` one of them; `DEST:ALL` a destination's; `ALL`
 * every one; `-` reads such words from standard input.  They are found by
 * reading the directories, so spoold need not run.
 */
#ifndef LIB_SELECT_H
#define LIB_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include <libspool.h>

#include "lib/spool.h"
#include "lib/ticket.h"
#include "lib/why.h"

#define SELECT_PREFIX_MIN 8
#define SELECT_EVERYWHERE \
	(QUEUE_BIT(cur) | QUEUE_BIT(retry) | QUEUE_BIT(hold) | \
	QUEUE_BIT(failed) | QUEUE_BIT(done))

struct selected {
	struct ticket	 ticket;
	enum queue	 queue;		/* where it was seen */
	char		*name;		/* own; in done/ with its day first */
};

struct selection {
	struct selected	*items;		/* own; by id, then destination */
	size_t		 count;
};

/*
 * The tickets that the words name.  Named ones are looked for in the queues
 * `named` (QUEUE_BIT), those of `ALL` and `DEST:ALL` in `all`; of a ticket
 * that moves meanwhile only one place is given.  Returns 0, or -1 with *why:
 * DELIVERY_NOT_FOUND if a word names none, USAGE if it is none of the forms or
 * means several jobs.
 */
int	 select_tickets(const struct spool *, const char *const *words,
	    size_t word_count, unsigned named, unsigned all,
	    struct selection *, struct why *);
void	 selection_free(struct selection *);

/*
 * Every ticket in these queues, in the order of their ids; a terminal is shown
 * how far it is if `shown`.
 */
int	 select_all(const struct spool *, unsigned queues, bool shown,
	    struct selection *, struct why *);

/*
 * The one job that the id or prefix names: accepted, refused, or with a ticket
 * left.  Returns 0, or -1 with *why as above.
 */
int	 select_job(const struct spool *, const char *word, struct id *,
	    struct why *);

/* Those of them that one question can name. */
struct select_part {
	struct libspool_tickets tickets;
	const char	*names[LIBSPOOL_TICKETS];
	size_t		 next;		/* 0 at first */
};

/* The next part of a selection; false if all have been given. */
bool	 select_part(const struct selection *, struct select_part *);

struct cli;

/*
 * Says on stderr (on stdout where that is all that is wanted) how many tickets
 * something is about to be done to, if they are not just one: "12 tickets".
 */
void	 select_announce(const struct cli *, size_t count, bool only);

#endif
