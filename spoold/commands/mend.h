/*
 * mend - a spool's structure, mended while no spoold runs
 *
 * Shared by spoolctl check --fix and spoolsuper -s.
 */
#ifndef COMMANDS_MEND_H
#define COMMANDS_MEND_H

#include "lib/conf.h"
#include "lib/structure.h"

#define MEND_BECAUSE "moves what would be mended"	/* for cli_lock() */

/*
 * structure_check() with STRUCTURE_MEND, the caller having the lock; second
 * files that are put aside are journaled.
 */
int	 mend_structure(const struct conf *, const struct spool *,
	    structure_found *, void *arg, struct why *);

#endif
