/*
 * spoolctl - what its files share
 */
#ifndef COMMANDS_SPOOLCTL_H
#define COMMANDS_SPOOLCTL_H

#include <stdbool.h>

#include "lib/cli.h"

#include "spoold/commands/organization_make.h"

struct spoolctl {
	const char	*root;
	struct role_groups groups;
	bool		 foreground, restored, allow_volatile, now, fix;
	bool		 dry_run, back;
};

cli_action	 spoolctl_init, spoolctl_start, spoolctl_stop,
		 spoolctl_reload, spoolctl_status, spoolctl_check,
		 spoolctl_org_add, spoolctl_org_remove, spoolctl_org_list,
		 spoolctl_upgrade;

/* init without --root: the system's instance. */
int	 spoolctl_init_system(struct cli *, const struct spoolctl *);

#endif
