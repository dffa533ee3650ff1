/*
 * options - how spoold was called
 */
#ifndef SPOOLD_OPTIONS_H
#define SPOOLD_OPTIONS_H

#include <stdbool.h>

#include "lib/why.h"

#define OFFLINE_FD 3		/* the one connection of --offline */

struct options {
	const char	*file;
	int		 ready_fd;	/* -1: nobody waits */
	bool		 offline, restored, allow_volatile;
};

/* 0, or -1: wrong.  Does not return from --help and --version. */
int	 options_read(int argc, char **argv, struct options *);

/* How it is to be called, on stderr. */
void	 options_usage(void);

/*
 * Closes all descriptors but those that the options name: what the caller had
 * open is nobody's business here, and no worker's.  0, or -1 with *why.
 */
int	 descriptors_close(const struct options *, struct why *);

#endif
