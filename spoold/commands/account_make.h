/*
 * account_make - users and groups that there are none of yet
 */
#ifndef COMMANDS_ACCOUNT_MAKE_H
#define COMMANDS_ACCOUNT_MAKE_H

#include "lib/why.h"

/*
 * Makes a user of the system who cannot log in, with a group of its own name,
 * or a group, by useradd(8) and groupadd(8).  1, 0 if it is there already, -1
 * with *why.
 */
int	 account_make_user(const char *name, const char *comment,
	    struct why *);
int	 account_make_group(const char *name, struct why *);

#endif
