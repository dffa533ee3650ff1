/*
 * configuration - what spoold reads when it starts, and again on a reload
 */
#ifndef SPOOLD_CONFIGURATION_H
#define SPOOLD_CONFIGURATION_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/why.h"

struct spoold;

/*
 * That of the file.  The environment of one that answers a command (offline)
 * is that of who asks, not of who starts the instance.  NULL with *why.
 */
struct conf	*configuration_read(const char *file, bool offline,
		    struct why *);

/* Logs where it says.  0, or -1 with *why. */
int	 configuration_log(const struct conf *, struct why *);

/*
 * Reads the configuration again, for `by` (NULL: nobody knows), and puts it in
 * force; `changes` gets the JSON members for the answer.  0, or -1 with *why:
 * the old one stays.
 */
int	 configuration_reload(struct spoold *, const char *by,
	    struct buf *changes, struct why *);

#endif
