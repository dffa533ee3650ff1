/*
 * upgrade_directory - the queues that an upgrade makes in a spool
 *
 * Root makes one and gives it away, so a crash in between leaves one that is
 * root's alone: whose it is counts for nothing, what is in it for all.
 */
#ifndef COMMANDS_UPGRADE_DIRECTORY_H
#define COMMANDS_UPGRADE_DIRECTORY_H

#include "spoold/commands/upgrade.h"

/*
 * Whether that, `ORG/QUEUE`, has something in it.  1, 0 if it is empty or there
 * is none (`there` says which), -1 with *why.
 */
int	 upgrade_directory_used(const struct upgrade *, const char *path,
	    bool *there, struct why *);

/*
 * Makes it as it is to be, and mends one that was left half made; it does not
 * look into it.  0, also for an organization that is gone, or -1 with *why.
 */
int	 upgrade_directory_make(const struct upgrade *, const char *path,
	    struct why *);

/* Removes it, which is empty, durably.  0, or -1 with *why. */
int	 upgrade_directory_remove(const struct upgrade *, const char *path,
	    struct why *);

#endif
