/*
 * spoolkey - what its files share
 */
#ifndef COMMANDS_SPOOLKEY_H
#define COMMANDS_SPOOLKEY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/cli.h"
#include "lib/vault.h"

/* A walk over all that is sealed. */
struct keys {
	const struct cli *cli;		/* borrowed */
	const struct vault *vault;	/* borrowed */
	bool		 tell;		/* of what does not open */
	size_t		 destinations, records, values;
	size_t		 old;		/* not under the key that seals */
	size_t		 closed;	/* that do not open */
	size_t		 unread;	/* files that cannot be read */
	/* Of what is at hand. */
	const char	*organization;	/* borrowed */
	const char	*name;		/* borrowed */
};

/* Says what does not open, and why. */
void	 keys_tell_closed(const struct keys *, const char *field,
	    const struct why *);

/*
 * The records of what is to be erased of an organization, each a value; with
 * `reseal` those that are under another key are sealed anew, durably.  One
 * whose spool is not there has none.  0, or -1 with *why.
 */
int	 keys_records(struct keys *, const char *directory,
	    const char *organization, bool reseal, struct why *);

#endif
