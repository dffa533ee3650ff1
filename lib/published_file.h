/*
 * published_file - the file of a download link, jobs/<reference>.link
 */
#ifndef LIB_PUBLISHED_FILE_H
#define LIB_PUBLISHED_FILE_H

#include "lib/published.h"
#include "lib/spool.h"
#include "lib/why.h"

/*
 * Reads it.  1, 0 if there is none, -1 with *why (one that is damaged is no
 * link).  On 1 freed by published_free().
 */
int	 published_load(const struct spool *, const char *reference,
	    struct published *, struct published_state *, struct why *);

#endif
