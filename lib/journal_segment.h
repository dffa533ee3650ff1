/*
 * journal_segment - the files of the journal: <YYYY-MM-DD>.<NNNN>.jsonl
 *
 * Names are in order of day, then number.  What a recovery has put aside is
 * <segment>.cut.<seq> and is no segment.
 */
#ifndef LIB_JOURNAL_SEGMENT_H
#define LIB_JOURNAL_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/why.h"

#define SEGMENT_NAME 40

struct segment {
	char		 day[CLOCK_DAY];
	unsigned	 number;
	char		 name[SEGMENT_NAME];
};

struct segments {
	struct segment	*items;		/* own, in order */
	size_t		 count;
};

/* Lists them.  Returns 0, or -1 with *why. */
int	 segments_list(int directory, struct segments *, struct why *);
void	 segments_free(struct segments *);

/*
 * Creates the segment of `day` that comes after `last` (never an earlier day
 * than its), durably.  `last` becomes the new one.  Returns its descriptor,
 * for appending, or -1 with *why.
 */
int	 segment_create(int directory, const char *day, struct segment *last,
	    struct why *);

/* Returns a descriptor with these open(2) flags, or -1 with *why. */
int	 segment_open(int directory, const char *name, int flags,
	    struct why *);

/*
 * The seq of its first line, 0 if there is none that can be read, -1 with
 * *why.
 */
int64_t	 segment_first_seq(int directory, const char *name, struct why *);

/*
 * Moves what stands from `offset` on into <name>.cut.<seq>, durably; adds the
 * bytes moved to *cut.  0 or -1 with *why.
 */
int	 segment_cut(int directory, const char *name, int64_t offset,
	    int64_t seq, int64_t *cut, struct why *);

/*
 * The offset of the last line that begins before `end` and is a checkpoint by
 * the look of it, -1 if there is none, -2 with *why.
 */
int64_t	 segment_checkpoint_before(int fd, int64_t end, struct why *);

/* --- lines ---------------------------------------------------------------- */

/* Reads a segment line by line, in bounded memory. */
struct segment_lines {
	int		 fd;		/* own */
	int64_t		 offset;	/* of the next line */
	int64_t		 number;	/* of the last line, from 1 */
	char		*data;		/* own */
	size_t		 capacity;
	size_t		 start;		/* of the next line within data */
	size_t		 length;	/* bytes in data */
	size_t		 rest;		/* bytes seen after the last line */
	bool		 skipping;	/* within a line that is too long */
};

/* Takes over the descriptor. */
void	 segment_lines_init(struct segment_lines *, int fd, int64_t offset);
void	 segment_lines_free(struct segment_lines *);

/* Goes on at `offset`, where a line begins. */
void	 segment_lines_seek(struct segment_lines *, int64_t offset);

/*
 * Returns 1 with the next line, without its newline, which stays valid until
 * the next call; 0 if there is no whole one (yet: `rest` says how many bytes
 * of one there are); -1 with *why.  A line longer than any that is written is
 * given as an empty one.
 */
int	 segment_lines_next(struct segment_lines *, const char **text,
	    size_t *length, struct why *);

#endif
