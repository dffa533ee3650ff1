/*
 * journal_recover - what is durable, what verifies, what is put aside
 */
#ifndef LIB_JOURNAL_RECOVER_H
#define LIB_JOURNAL_RECOVER_H

#include "lib/journal_line.h"
#include "lib/journal_segment.h"

#define JOURNAL_CHECKPOINTS 3	/* how far back checking begins */

struct journal_recovered {
	struct segments		 list;	/* own; segments_free() */
	struct journal_chain	 chain;	/* at the last line, with its key */
	struct journal_found	 found;
	int64_t			 needed[JOURNAL_CHECKPOINTS]; /* the seqs of
					 * the last ones; 0: there are less */
	int64_t			 key_time; /* a time on the key's day */
};

/*
 * Reads the journal's end and cuts off what is wrong there.  Returns 0, or -1
 * with *why; `recovered` is to be freed in either case.
 */
int	 journal_recover(int directory, struct journal_hasher *,
	    struct journal_recovered *, struct why *);

#endif
