/*
 * directory - one directory of the layout as it is to be
 */
#ifndef SPOOL_LAYOUT_DIRECTORY_H
#define SPOOL_LAYOUT_DIRECTORY_H

#include "lib/access.h"
#include "lib/why.h"
#include "spool-layout/layout.h"

struct directory {
	const char	*name;	/* in the organization's; "": that itself */
	mode_t		 mode;
	bool		 shared;	/* the rest counts only then */
	uid_t		 owner;
	gid_t		 group;
	enum access	 access;
};

/* The organization's own, and that of a queue. */
struct directory	 directory_top(const struct layout_owners *);
struct directory	 directory_queue(enum queue,
			    const struct layout_owners *);

/* Opens it, not through a link.  A descriptor, or -1 with *why. */
int	 directory_open(int at, const char *name, struct why *);

/*
 * Creates it with exactly these owner, mode and ACL, whatever the umask is.
 * Returns 0, also if something of that name exists, which is left as it is.
 */
int	 directory_create(int at, const char *name, const struct directory *,
	    struct why *);

/* Gives it those.  0, or -1 with *why. */
int	 directory_mend(int fd, const struct directory *, struct why *);

#endif
