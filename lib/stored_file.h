/*
 * stored_file - the records in an organization's stored/
 */
#ifndef LIB_STORED_FILE_H
#define LIB_STORED_FILE_H

#include "lib/spool.h"
#include "lib/stored.h"

/*
 * Reads the one at that path, `<day>/<name>`; its id and destination come from
 * the name.  0, or -1 with *why: number is ENOENT if it is not there.
 */
int	 stored_load(const struct spool *, const char *path,
	    struct stored_record *, struct why *);

/*
 * Goes through all of them; `seen` gets each (freed after that), or NULL and
 * *why of one that cannot be read, and returns 0 to go on, or -1 with *why.
 * Names that are no record's are passed over.
 */
typedef int	 stored_seen(void *arg, const char *path,
		    struct stored_record *, struct why *);
int	 stored_each(const struct spool *, stored_seen *, void *arg,
	    struct why *);

#endif
