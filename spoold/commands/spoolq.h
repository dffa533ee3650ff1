/*
 * spoolq - parts of the command
 *
 * Reading the directories makes entries; showing puts them into the table or
 * prints them as JSON.
 */
#ifndef SPOOLD_COMMANDS_SPOOLQ_H
#define SPOOLD_COMMANDS_SPOOLQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cli.h"
#include "lib/destination.h"
#include "lib/show.h"
#include "lib/ticket.h"
#include "spool-layout/layout.h"

/* How many attempts a destination's tickets have. */
struct limit {
	char	 destination[DESTINATION_ID_MAX + 1];
	int	 attempts;
};

struct queue_command {
	/* From the command line. */
	bool		 print, flush, only;
	const char	*flush_id, *flush_destination;
	const char	*queue, *destination, *since, *until, *reason;
	const char	*explain;

	struct cli	*cli;		/* borrowed */
	int64_t		 now;		/* wall ms */
	int64_t		 after, before;	/* --since and --until, or 0 */
	struct show_table *table;	/* NULL: JSON */
	size_t		 shown;
	struct limit	*limits;	/* own */
	size_t		 limit_count;
};

/* One line of the queue. */
struct entry {
	enum queue	 queue;
	struct ticket	 ticket;	/* without destination in new/ */
	int64_t		 size;		/* bytes, -1: not known */
	int64_t		 arrived;	/* wall ms */
	int64_t		 due;		/* wall ms, 0: none */
	const char	*reason;	/* borrowed; NULL: none */
	enum error	 error;
};

/* Begins and ends the output; the number of entries shown is q->shown. */
void	 queue_show_begin(struct queue_command *);
void	 queue_show_end(struct queue_command *);

/* Shows the entry if the filters let it through. */
void	 queue_show(struct queue_command *, const struct entry *);

/* The destination's file, or NULL: there is none, or it cannot be read. */
struct destination	*queue_destination(const struct cli *, const char *id);

/* --explain: returns the exit status. */
int	 queue_explain(struct cli *, const char *word);

#endif
