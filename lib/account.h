/*
 * account - users and groups of the system, by name
 */
#ifndef LIB_ACCOUNT_H
#define LIB_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/why.h"

struct account {
	uid_t	 uid;
	gid_t	 gid;		/* its own group */
};

/* 1, 0 if there is none, -1 with *why. */
int	 account_user(const char *name, struct account *, struct why *);
int	 account_group(const char *name, gid_t *, struct why *);

#endif
