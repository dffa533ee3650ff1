/*
 * spoolctl_check - a check under way
 */
#ifndef COMMANDS_SPOOLCTL_CHECK_H
#define COMMANDS_SPOOLCTL_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "spoold/commands/spoolctl.h"

struct check {
	struct cli	*cli;		/* borrowed */
	bool		 fix;
	bool		 locked;	/* no spoold runs: more can be mended */
	size_t		 found;
};

/* One finding, of an area ("layout", "key", …): printed and counted. */
void	 found(struct check *, const char *area, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/* Compares an organization's directories, and mends them. */
void	 check_layout(struct check *, const struct conf *,
	    const struct conf_organization *);

/* Looks at the destinations of all organizations. */
void	 check_destinations(struct check *, const struct conf *);

/* Looks at what is in one organization's spool. */
void	 check_spool(struct check *, const struct conf *, const char *org);

/* Says which of its download links are about to end unseen. */
struct spool;
void	 check_links(struct check *, const struct spool *);

#endif
