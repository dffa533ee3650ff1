/*
 * journal_purged - what is left of a segment that retention took away
 *
 * In place of <segment>.jsonl stands <segment>.purged, one object of JSON: its
 * first and last seq, the last line's hash, from which what remains goes on,
 * and the changes of keys that were in it with their signatures, so that the
 * first public key still proves the later ones.
 */
#ifndef LIB_JOURNAL_PURGED_H
#define LIB_JOURNAL_PURGED_H

#include "lib/journal_line.h"
#include "lib/journal_segment.h"

/* --- making one ----------------------------------------------------------- */

struct journal_old;			/* opaque: a segment, read for it */

/*
 * Begins with the segment number `skip` (from 0) of those below `directory`, if
 * all that it has stands before the line `needed`.  NULL with why->code
 * ERROR_NONE if it is needed, else with *why.
 */
struct journal_old	*journal_old_open(const char *directory, size_t skip,
			    int64_t needed, const char *instance,
			    struct why *);
void	 journal_old_free(struct journal_old **);

/* Reads up to that many lines: 1 at its end, 0 if there is more, -1 (*why). */
int	 journal_old_read(struct journal_old *, int lines, struct why *);

/* After its end: the time of its last line, wall ms. */
int64_t	 journal_old_time(const struct journal_old *);

/* The fields of a `purged` line about it. */
void	 journal_old_fields(const struct journal_old *, struct buf *);

/* The paths of the segment and of what is left in its place, and that. */
char	*journal_old_path(const struct journal_old *);
char	*journal_old_purged_path(const struct journal_old *);
void	 journal_old_text(const struct journal_old *, struct buf *);

/* --- going on from them --------------------------------------------------- */

/*
 * Takes the chain, which is at its beginning with the first public key, past
 * all that was purged before the line `first`.  1, 0 if nothing was, -1 with
 * *why: VALIDATION_ERROR if one of them is missing or wrong.
 */
int	 journal_purged_pass(int directory, int64_t first,
	    struct journal_chain *, struct why *);

/* The instance that one of them names.  1, 0 if there is none, -1 (*why). */
int	 journal_purged_instance(int directory, char out[JOURNAL_INSTANCE + 1],
	    struct why *);

#endif
