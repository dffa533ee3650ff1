/*
 * spoolsuper - what its files share
 */
#ifndef COMMANDS_SPOOLSUPER_H
#define COMMANDS_SPOOLSUPER_H

#include "lib/cli.h"

/*
 * -s: mends the organization's structure and says what it did.  Returns how
 * much of what was found remains, or -1 with *why.
 */
int	 spoolsuper_structure(struct cli *, struct why *);

#endif
