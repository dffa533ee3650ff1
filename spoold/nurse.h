/*
 * nurse - the process that keeps root's part, of the system's instance
 *
 * It is forked before spoold becomes its user and does two things only: start
 * a worker as that kind's user, and kill one that it started.  What it starts,
 * and as whom, stands in a table that is made before: spoold says which row,
 * never a path or a name.
 */
#ifndef SPOOLD_NURSE_H
#define SPOOLD_NURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/conf.h"
#include "lib/why.h"

#include "spoold/loop.h"

struct spoold;

/* What it may start. */
struct nurse_row {
	const char	*program;	/* borrowed; a worker's */
	char		*user;		/* own; the pipe's, else "" */
	char		*path;		/* own; absolute */
	uid_t		 uid;		/* never root's, nor spoold's */
	gid_t		 gid;
	gid_t		*groups;	/* own; beside that */
	int		 group_count;
};

struct nurse_table {
	struct nurse_row *rows;		/* own */
	size_t		  count;
};

enum nurse_word {
	NURSE_start,	/* row; its link and its stderr are passed with it */
	NURSE_kill,
	NURSE_started,	/* value: its pid */
	NURSE_failed,	/* value: an errno */
	NURSE_died,	/* value: its status as of waitpid(2) */
	NURSE_WORDS
};

/* All that is said between the two, one packet each. */
struct nurse_message {
	uint32_t	 word;
	uint32_t	 row;
	uint64_t	 number;	/* spoold's, of a worker; never again */
	int32_t		 value;
	int32_t		 unused;	/* 0 */
};

/* --- spoold's side (nurse_ask.c) ------------------------------------------ */

struct nurse {
	struct nurse_table table;
	struct spoold	*spoold;	/* borrowed */
	struct source	 source;	/* its fd is the socket, own */
	pid_t		 pid;
	uint64_t	 last;		/* number that was given */
	bool		 lost;		/* it is gone */
};

/* Makes the table and forks it, as root.  NULL with *why. */
struct nurse	*nurse_new(const struct conf *, struct why *);

/* Listens to it from now on.  0, or -1 with *why. */
int	 nurse_listen(struct nurse *, struct spoold *, struct why *);

/* It ends with this, and what it started. */
void	 nurse_free(struct nurse **);

/* True if it may start workers of pipes as that user. */
bool	 nurse_knows(const struct nurse *, const char *user);

/*
 * Has a worker started, with `link` as its descriptor 3.  worker_started() or
 * worker_ended() follow.  0, or -1 with *why.
 */
int	 nurse_start(struct nurse *, const char *program, const char *user,
	    int link, uint64_t *number_r, struct why *);

/* kill -9; worker_ended() follows. */
void	 nurse_kill(struct nurse *, uint64_t number);

/* --- the process itself (nurse.c) ----------------------------------------- */

void	 nurse_run(int socket, const struct nurse_table *)
	    __attribute__((noreturn));

#endif
