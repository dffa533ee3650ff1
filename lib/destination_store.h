/*
 * destination_store - the files of an organization's destinations
 */
#ifndef LIB_DESTINATION_STORE_H
#define LIB_DESTINATION_STORE_H

#include "lib/destination.h"
#include "lib/why.h"

/* What helps where the directory is missing. */
#define DESTINATIONS_MISSING "restore it from a backup; an empty one (mkdir " \
	"-m 700) lets all tickets wait"

/* A file that was read. */
struct destination_file {
	const char	*organization;
	int		 dir;		/* the open directory that it is in */
	const char	*name;		/* `<id>.json` */
	struct destination *destination;	/* NULL: it cannot be read */
};

/*
 * Takes the destination over.  Without one, *why says why.  Returns 0 to go on,
 * or -1 with *why.
 */
typedef int	 destination_seen(void *arg, const struct destination_file *,
		    struct why *);

/* Each file in <state_directory>/<org>/destinations.  0, or -1 with *why. */
int	 destinations_each(const char *state_directory,
	    const char *organization, destination_seen *, void *arg,
	    struct why *);

#endif
