/*
 * spool_place - a name in the spool as a directory and a name in it
 *
 * Shared by spool.c and spool_list.c only.
 */
#ifndef LIB_SPOOL_PLACE_H
#define LIB_SPOOL_PLACE_H

#include <stdbool.h>

#include "lib/clock.h"
#include "lib/why.h"
#include "spool-layout/layout.h"

struct spool {
	char	*organization;		/* own */
	int	 directory;		/* <spool_directory>/<org> */
	int	 queues[QUEUES];
	int	 day;			/* done/<day_name>, kept open: -1 */
	char	 day_name[CLOCK_DAY];
};

/* Valid until spool_place_close(), which closes only what was opened here. */
struct spool_place {
	int		 fd;		/* the directory */
	const char	*name;		/* borrowed: the last part */
	bool		 opened;
};

/*
 * Finds the directory of `name` in a queue: the queue's own, or for
 * `<day>/<name>` where it has days that day's, which `make` makes.  Returns 0,
 * or -1 with *why: number is ENOENT if there is no such day.
 */
int	 spool_place(const struct spool *, enum queue, const char *name,
	    bool make, struct spool_place *, struct why *);
void	 spool_place_close(struct spool_place *);

/*
 * openat2(2) beneath `fd`, through no link, never waiting for a fifo and
 * never becoming a terminal's session.  Returns a descriptor or -1 with errno.
 */
int	 spool_openat(int fd, const char *name, int flags);

#endif
