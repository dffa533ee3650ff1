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
#include <stdio.h>

#include "lib/cli.h"
#include "lib/destination.h"
#include "lib/queue_entry.h"
#include "lib/show.h"
#include "lib/ticket.h"
#include "spool-layout/layout.h"

#define QUEUES_WAITING (QUEUE_BIT(cur) | QUEUE_BIT(retry) | QUEUE_BIT(hold))
#define QUEUES_SHOWN (QUEUES_WAITING | QUEUE_BIT(failed))

/* What is known of a destination. */
struct goal {
	char		 id[DESTINATION_ID_MAX + 1];
	int		 attempts;	/* that its tickets have */
	bool		 closed;	/* disabled, or there is none */
	bool		 ordered;
	char		 first[ID_LENGTH + 1];	/* its oldest ticket, or "" */
};

/* An entry that passed the filters, and its line of JSON. */
typedef void	 queue_seen(void *arg, const struct entry *,
		    const char *json);

struct queue_command {
	/* From the command line. */
	bool		 print, flush, only, watch;
	const char	*flush_id, *flush_destination;
	const char	*queue, *destination, *since, *until, *reason;
	const char	*explain;

	struct cli	*cli;		/* borrowed */
	unsigned	 queues;	/* QUEUE_BIT()s that are shown */
	FILE		*out;		/* borrowed; where to */
	size_t		 rows_max;	/* of the table; 0: all */
	queue_seen	*seen;		/* NULL: it is shown only */
	void		*seen_arg;	/* borrowed */
	int64_t		 now;		/* wall ms */
	int64_t		 after, before;	/* --since and --until, or 0 */
	struct json	*live;		/* own; queue.status, NULL: is down */
	struct show_table *table;	/* NULL: JSON */
	size_t		 shown;
	struct goal	*goals;		/* own */
	size_t		 goal_count;
};

/*
 * Reads and shows what is asked for; q->shown counts it.  0, or -1 with *why.
 */
int	 queue_read(struct queue_command *, struct why *);

/* Begins and ends the output; the number of entries shown is q->shown. */
void	 queue_show_begin(struct queue_command *);
void	 queue_show_end(struct queue_command *);

/* Shows the entry if the filters let it through. */
void	 queue_show(struct queue_command *, const struct entry *);

/* The entry as a line of JSON, without its end. */
void	 queue_json(struct queue_command *, const struct entry *,
	    struct buf *);

/* What is known of a destination; valid until the next call. */
struct goal	*queue_goal(struct queue_command *, const char *id);

/* --watch: goes on showing; returns the exit status. */
int	 queue_watch(struct queue_command *);

/* The destination's file, or NULL: there is none, or it cannot be read. */
struct destination	*queue_destination(const struct cli *, const char *id);

/* --explain: returns the exit status. */
int	 queue_explain(struct cli *, const char *word);

#endif
