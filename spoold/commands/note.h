/*
 * note - lines of the journal that a command writes while no spoold runs
 */
#ifndef COMMANDS_NOTE_H
#define COMMANDS_NOTE_H

#include <stddef.h>

#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/journal.h"
#include "lib/why.h"

/*
 * Writes a line of that event for each of `lines`, which hold their fields and
 * are used up by it; the caller has the lock and is who spoold is.  A journal
 * that is not begun yet gets none, and stays so: it begins with spoold's own
 * first line.  0, or -1 with *why.
 */
int	 note_lines(const struct conf *, enum event, struct buf *lines,
	    size_t count, struct why *);

#endif
