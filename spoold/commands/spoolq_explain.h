/*
 * spoolq_explain - where a ticket stands, why, and what would help
 *
 * The files tell most, also with spoold down; what only spoold's memory knows
 * (an attempt under way, a slot, who is in whose way) is asked of it.
 */
#ifndef COMMANDS_SPOOLQ_EXPLAIN_H
#define COMMANDS_SPOOLQ_EXPLAIN_H

#include <stdint.h>

#include "lib/cli.h"
#include "lib/destination.h"
#include "lib/select.h"

struct explained {
	/* What is known. */
	struct cli	*cli;		/* borrowed */
	char		 id[ID_LENGTH + 1];
	const struct selected *item;	/* borrowed; NULL: no ticket */
	const struct ticket_file *file;	/* borrowed; NULL: not readable */
	const struct json *live;	/* borrowed; NULL: spoold knows none */
	const char	*trouble;	/* borrowed; why spoold does nothing */
	const struct destination *destination;	/* borrowed; NULL: none */
	int		 max;		/* attempts */
	int64_t		 since;		/* wall ms, its file's mtime */
	int64_t		 now;		/* wall ms */
	/* What follows; strings may be empty. */
	const char	*queue;		/* where it is */
	const char	*waiting_for;	/* NULL: nothing, or nobody knows */
	const char	*blocked_by;	/* a job's id, or NULL */
	int64_t		 in_flight_since;	/* wall ms, or 0 */
	int64_t		 next_at;	/* wall ms, or 0 */
	enum error	 error;		/* of its last attempt, or its end */
	struct buf	 state, why, next, command, receipt;
};

void	 explained_free(struct explained *);

/* As lines for people, or as one object. */
void	 explained_show(const struct explained *);

/* Fills in what follows for a ticket. */
void	 explain_ticket(struct explained *);

/*
 * The same for an id that has no ticket: a drop in new/, one that was refused,
 * a duplicate, a job of which only the receipt is left.  Shows it.  Returns 1,
 * 0 if nothing is known of it, -1 with *why.
 */
int	 explain_drop(struct cli *, const char *word, struct why *);

/* What spoold knows, to be freed; NULL: it is down (*why says so). */
struct json	*explain_ask(struct cli *, const char *id, const char *name,
		    struct why *);

#endif
