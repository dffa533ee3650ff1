/*
 * upgrade_steps - what each format changes, and all that is due together
 *
 * The next format is a row of the table, and the maximum of `format` in
 * conf.def.  A step changes what the ones before it have left.
 */
#ifndef COMMANDS_UPGRADE_STEPS_H
#define COMMANDS_UPGRADE_STEPS_H

#include "spoold/commands/upgrade.h"

/*
 * Collects what is due in the configuration, or in state and spool; `from` and
 * `to` are set, equal where nothing is.  0, or -1 with *why.
 */
int	 upgrade_plan_configuration(const struct upgrade *,
	    struct upgrade_changes *, struct why *);
int	 upgrade_plan_state(const struct upgrade *, struct upgrade_changes *,
	    struct why *);

#endif
