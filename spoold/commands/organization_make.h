/*
 * organization_make - what an organization has on disk beside its section
 */
#ifndef COMMANDS_ORGANIZATION_MAKE_H
#define COMMANDS_ORGANIZATION_MAKE_H

#include "lib/conf.h"
#include "lib/why.h"

/* The groups of its roles, that a command line names; NULL: not named. */
struct role_groups {
	const char	*submitters, *viewers, *operators, *administrators,
			*auditors;
};

/*
 * Adds its section to the text of a configuration, of the system's or a
 * private instance, with those groups.  In the system's, who may drop jobs is
 * called ORG-submitters unless it is named.  0, or -1 with *why.
 */
int	 organization_add_section(struct buf *text, const char *org,
	    bool shared, const struct role_groups *, struct why *);

/*
 * Makes the groups that its section names, as far as they are not there, and
 * its directories.  0, or -1 with *why.
 */
int	 organization_make(const struct conf *, const char *org,
	    struct why *);

/*
 * Removes its directories.  1, 0 with *why if something is in one, which
 * stays, -1 with *why.
 */
int	 organization_unmake(const struct conf *, const char *org,
	    struct why *);

#endif
