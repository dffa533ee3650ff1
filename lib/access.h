/*
 * access - who may do what with a file besides what its mode says
 *
 * POSIX ACLs, by libacl: no other file knows that there are any.
 */
#ifndef LIB_ACCESS_H
#define LIB_ACCESS_H

#include <sys/types.h>

#include "lib/why.h"

/* What a directory gives the files that are created in it. */
enum access {
	ACCESS_plain,	/* nothing */
	ACCESS_drops,	/* reading and writing to that user beside the owner,
			 * and to no group and nobody else */
	ACCESSES
};

/*
 * Sets it on an open directory, whose own ACL goes, so that its mode is all
 * there is; the mode is to be set afterwards.  0, or -1 with *why.
 */
int	 access_set(int directory, enum access, uid_t user, struct why *);

/* Whether it is so: 1, 0, or -1 with *why. */
int	 access_is(int directory, enum access, uid_t user, struct why *);

/*
 * Lets that user read an open file, beside its owner, who may write it; nobody
 * else may do anything.  0, or -1 with *why.
 */
int	 access_let_read(int file, uid_t user, struct why *);

#endif
