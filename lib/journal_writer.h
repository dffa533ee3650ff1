/*
 * journal_writer - what opening hands to writing: the inside of struct journal
 */
#ifndef LIB_JOURNAL_WRITER_H
#define LIB_JOURNAL_WRITER_H

#include "lib/journal_key.h"
#include "lib/journal_recover.h"
#include "lib/journal_line.h"
#include "lib/journal_segment.h"

struct journal {
	int		 directory;	/* own */
	int		 fd;		/* own; the last segment, or -1: none */
	struct segment	 segment;	/* the last one; "": none yet */
	int64_t		 size;		/* durable bytes in it */
	bool		 broken;	/* a sync failed: it gets no more */
	bool		 dead;		/* nothing is taken any more */

	struct buf	 pending;	/* lines not durable yet */
	size_t		 written;	/* bytes of them whose sync is under
					 * way, 0: none */
	int64_t		 written_seq;	/* `seq` and `checkpoint_added` */
	int64_t		 written_checkpoint;	/* when they were written */
	struct journal_sync *sync;	/* own */
	int64_t		 seq;		/* of the last line added */
	int64_t		 durable;
	int64_t		 checkpoint;	/* the last durable one's seq */
	int64_t		 checkpoint_added;
	int64_t		 needed[JOURNAL_CHECKPOINTS];	/* the last ones, from
					 * which on opening checks; 0: none */
	uint8_t		 hash[JOURNAL_HASH];	/* of the last line added */
	struct journal_hasher *hasher;	/* own */

	char		 instance[JOURNAL_INSTANCE + 1];
	struct journal_key *key;	/* own; signs from now on */
	char		 key_day[CLOCK_DAY];
	char		*private_key;	/* own; the path */
	int64_t		 rotation;	/* key.rotated line whose key is not
					 * installed yet, 0: none */

	int64_t		 time;		/* what time_text says */
	char		 time_text[CLOCK_TEXT];
};

#endif
