/*
 * spoollog - what the parts of spoollog(1) share
 */
#ifndef SPOOLD_COMMANDS_SPOOLLOG_H
#define SPOOLD_COMMANDS_SPOOLLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/cli.h"
#include "lib/journal.h"

/* Which lines are wanted; zeroed: all. */
struct log_filter {
	bool		 events[EVENTS];
	bool		 some_events;	/* false: every event */
	int64_t		 since;		/* wall ms, 0: from the beginning */
	int64_t		 until;		/* wall ms, 0: to the end */
	const char	*organization;	/* NULL: every one */
	const char	*job;		/* an id, or its beginning */
	const char	*destination;
};

bool	 log_filter_takes(const struct log_filter *, const struct journal_line *);

/* Prints a line for people, aligned. */
void	 log_show(const struct journal_line *, bool coloured);

/*
 * Wakes up when something may have been added below a directory; without
 * inotify it wakes up every second.
 */
struct log_watch {
	int	 fd;		/* inotify, or -1 */
};
void	 log_watch_open(struct log_watch *, const char *directory);
void	 log_watch_wait(struct log_watch *);
void	 log_watch_close(struct log_watch *);

#endif
