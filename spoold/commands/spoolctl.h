/*
 * spoolctl - what its files share
 */
#ifndef COMMANDS_SPOOLCTL_H
#define COMMANDS_SPOOLCTL_H

#include <stdbool.h>

#include "lib/cli.h"

struct spoolctl {
	const char	*root;
	bool		 foreground, restored, allow_volatile, now, fix;
};

cli_action	 spoolctl_init, spoolctl_start, spoolctl_stop,
		 spoolctl_reload, spoolctl_status, spoolctl_check;

#endif
