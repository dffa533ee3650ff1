/*
 * replay - what the journal says of each ticket since the last checkpoint
 */
#ifndef SPOOLD_REPLAY_H
#define SPOOLD_REPLAY_H

#include <sys/tree.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/journal.h"
#include "lib/json.h"
#include "lib/ticket.h"
#include "lib/why.h"
#include "spool-layout/layout.h"

struct organization;
struct spoold;

/* One ticket's story: its last line by seq is its state. */
struct story {
	RB_ENTRY(story)	 entry;
	struct organization *organization;	/* borrowed */
	struct ticket	 ticket;	/* .attempts as the last line says */
	enum queue	 to;		/* where that line puts it */
	bool		 wins;		/* over a move made by a person */
	bool		 requeued;	/* its count began anew since */
	int64_t		 due;		/* wall ms, in retry/ */
	int64_t		 attempt_seq;	/* an attempt without an outcome, 0 */
	int		 attempt;	/* its number */
	bool		 ended;		/* a receipt is to be written */
	bool		 withdrawn;	/* its drop was taken back */
	bool		 purged;	/* with its job, by retention */
	int64_t		 changed;	/* wall ns; ctime of its payload before
					 * recovery moved it, 0: it did not */
	/* Where its file was found. */
	bool		 found;
	enum queue	 queue;
	char		*name;		/* own; in done/ with the day */
};

RB_HEAD(stories, story);
RB_PROTOTYPE(stories, story, entry, story_compare)

/*
 * Calls `take` for each line of the journal from `from` on, until it returns
 * -1 with *why.  Lines that are wrong (they stand before a checkpoint that is
 * good) are logged and passed over.  0, or -1 with *why.
 */
typedef int	 replay_take(void *arg, const struct journal_line *,
	    const struct json *, struct why *);
int	 replay_each(const struct spoold *, int64_t from, replay_take *,
	    void *arg, struct why *);

/*
 * The organization and job that a line is about.  False if it is about none
 * that is here.
 */
bool	 replay_about(const struct spoold *, const struct json *,
	    struct organization **, struct id *);

/*
 * Reads the journal from `up_to` on, and the attempts that the checkpoint at
 * `checkpoint` left in flight.  0, or -1 with *why.
 */
int	 replay_read(struct spoold *, int64_t checkpoint, int64_t up_to,
	    struct stories *, struct why *);

/* Finds one, or NULL. */
struct story	*story_find(struct stories *, const struct organization *,
		    const struct id *, const char *destination);
void	 stories_free(struct stories *);

/* Recovery has moved the payload of that job, which had that ctime. */
void	 stories_moved(struct stories *, const struct organization *,
	    const struct id *, int64_t changed);

/* True if one of the job's stories goes on after it was purged, or was not. */
bool	 stories_live(struct stories *, const struct organization *,
	    const struct id *);
/* True if each of them ended with a delivery. */
bool	 stories_delivered(struct stories *, const struct organization *,
	    const struct id *);

#endif
