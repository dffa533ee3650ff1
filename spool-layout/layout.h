/*
 * layout - creates and checks an organization's directories
 *
 * The table is queues.def; nothing else knows which directories there are.
 */
#ifndef SPOOL_LAYOUT_LAYOUT_H
#define SPOOL_LAYOUT_LAYOUT_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/why.h"

enum queue {
#define QUEUE(name, group, mode, access, private_mode, tickets, what) \
	QUEUE_##name,
#include "spool-layout/queues.def"
#undef QUEUE
	QUEUES
};

#define QUEUE_BIT(name) (1u << QUEUE_##name)

const char	*queue_name(enum queue);
const char	*queue_what(enum queue);
bool		 queue_holds_tickets(enum queue);
/* True if its files are in directories named like days. */
bool		 queue_has_days(enum queue);

/* Returns the queue of that name, or -1. */
int	 queue_by_name(const char *);

/* Whose the directories are. */
struct layout_owners {
	bool	 shared;	/* else one user's alone, who calls */
	uid_t	 user;		/* spoold's, */
	gid_t	 own;		/* and its group */
	gid_t	 submitters;	/* the organization's */
};

/*
 * Creates the spool directory of `org` below the open directory `spool_dir`,
 * with all its queues.  What exists is left as it is.  A shared one is root's
 * to create.  Returns 0, or -1 with *why.
 */
int	 layout_create(int spool_dir, const char *org,
	    const struct layout_owners *, struct why *);

/*
 * Compares the disk with the table, and with `fix` mends owners, groups, modes
 * and ACLs and creates what is missing.  Calls `found` once for each
 * difference, in words.  Returns the number of differences that remain, or -1
 * with *why.
 */
typedef void	 layout_found(void *arg, const char *words);
int	 layout_check(int spool_dir, const char *org,
	    const struct layout_owners *, bool fix, layout_found *, void *arg,
	    struct why *);

/*
 * Removes it, if all of its directories are empty but for days, which are too.
 * Returns 1 if removed (or not there), 0 with *why: something is in it, and
 * stays, -1 with *why.
 */
int	 layout_remove(int spool_dir, const char *org, struct why *);

/*
 * Whether the directory's file system keeps what spoold promises: 1 for ext4,
 * XFS and btrfs, 0 for tmpfs, -1 with *why for any other.
 */
int	 layout_file_system(int dir, struct why *);

#endif
