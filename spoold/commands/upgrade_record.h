/*
 * upgrade_record - what an upgrade changes, kept beside it
 *
 * A directory with the text before and after of each file, numbered, owners
 * and modes as they were, and `changes`, which says what they are.  That is
 * written last and removed first, so what has it is whole.  It is the way back,
 * and the way on after an upgrade was cut off.  What is sealed stays sealed.
 */
#ifndef COMMANDS_UPGRADE_RECORD_H
#define COMMANDS_UPGRADE_RECORD_H

#include "spoold/commands/upgrade.h"

/*
 * Where that of a place is: beside the configuration, where root alone can
 * change it, or hidden in the state directory.  The caller frees it.
 */
char	*upgrade_record_path(const struct upgrade *, enum upgrade_place);

/*
 * Keeps the changes of a place (that of the spool's are with the state's), in
 * place of what was kept there.  0, or -1 with *why.
 */
int	 upgrade_record_write(const struct upgrade *, enum upgrade_place,
	    const struct upgrade_changes *, struct why *);

/* Reads them.  1, 0 if there are none, -1 with *why. */
int	 upgrade_record_read(const struct upgrade *, enum upgrade_place,
	    struct upgrade_changes *, struct why *);

/*
 * Of a place that has no record: whether it is of that format, or says none.
 * 0, or -1 with *why (CONFLICT: it cannot be put back).
 */
int	 upgrade_record_missing(const struct upgrade *, enum upgrade_place,
	    int to, struct why *);

/* 0, or -1 with *why. */
int	 upgrade_record_remove(const struct upgrade *, enum upgrade_place,
	    struct why *);

#endif
