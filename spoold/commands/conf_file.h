/*
 * conf_file - the configuration as a file that is changed
 */
#ifndef COMMANDS_CONF_FILE_H
#define COMMANDS_CONF_FILE_H

#include <sys/stat.h>

#include <limits.h>

#include "lib/buf.h"
#include "lib/cli.h"
#include "lib/why.h"

/* Its name: -c, $SPOOLD_CONFIG or the default. */
const char	*conf_file_name(const struct cli *);

/* The file itself, where a link leads to it.  0, or -1 with *why. */
int	 conf_file_find(const struct cli *, char path[PATH_MAX],
	    struct why *);

/*
 * A descriptor with the lock on the file that has that name, or -1 with *why.
 * Two that change it at once do so one after the other.
 */
int	 conf_file_lock(const char *path, struct stat *, struct why *);

/*
 * Replaces it, whole or not at all; `old` says owner and mode, NULL: the
 * caller's, 0600.  0, or -1 with *why.
 */
int	 conf_file_write(const char *path, const struct buf *text,
	    const struct stat *old, struct why *);

#endif
