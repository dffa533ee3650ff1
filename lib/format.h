/*
 * format - which format an instance has
 *
 * Configuration and state directory say it, each for itself: spoold.conf by its
 * setting `format`, the state by the number in its file `format`.  A state
 * without that file is older than formats: 0.  Nothing in a configuration
 * without the setting has changed since, so it is read as one of format 1.
 * The newest that this version knows is that setting's maximum in conf.def.
 *
 * spoold runs on that one alone: an older one is for `spoolctl upgrade`, and a
 * newer one for the version that made it.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/why.h"

#define FORMAT_FILE "format"	/* in the state directory */

/* The newest. */
int	 format_known(void);

/* What the text of a configuration says; 0: nothing. */
int	 format_of_text(const struct buf *);

/*
 * What a state directory says.  One in which no spoold ever ran is of the
 * newest format.  -1 with *why (CONFIG_ERROR): it is none, or cannot be read.
 */
int	 format_of_state(const char *state_directory, struct why *);

/* Whether this version knows it, of that file.  0, or -1 with *why. */
int	 format_check_known(const char *file, int format, struct why *);

/*
 * Whether an instance is of the newest format.  0, or -1 with *why
 * (CONFIG_ERROR): what helps is in its words.
 */
int	 format_check(const struct conf *, struct why *);

/* The same by spoold, which has the lock; it writes that of a new state. */
int	 format_begin(const struct conf *, struct why *);

/* Appends what the state's file has for that format. */
void	 format_print(struct buf *, int format);

#endif
