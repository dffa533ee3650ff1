/*
 * journal - the append-only, hash-chained record; its lines are the commit
 *
 * A line that is not durable has not happened.  Lines are collected in memory,
 * appended by one write(2) and made durable by one fdatasync(2).  Each line
 * carries the SHA-256 of the line before, so that nothing can be changed,
 * dropped or added between two signed checkpoints without it being seen.
 *
 * Segments are <directory>/<YYYY-MM-DD>.<NNNN>.jsonl, a new one each day,
 * each 256 MiB, and after a sync that failed: the same file is never synced
 * again then (the kernel may claim success for data that is lost); the lines
 * not known to be durable are written again into a new segment.  Of a seq that
 * stands twice, the later segment's line counts.
 */
#ifndef LIB_JOURNAL_H
#define LIB_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/hex.h"
#include "lib/json.h"
#include "lib/why.h"

#define JOURNAL_HASH 32
#define JOURNAL_LINE_MAX (4 * 1024 * 1024) /* bytes, with the newline */

enum event {
#define EVENT(identifier, name, sentence) EVENT_##identifier,
#include "lib/events.def"
#undef EVENT
	EVENTS
};

const char	*event_name(enum event);
int		 event_by_name(const char *);	/* -1: none of that name */

struct journal;				/* opaque: the writer */

/* Where the parts are; borrowed for the time of the call. */
struct journal_place {
	const char	*directory;	/* <log_directory>/journal */
	const char	*public_key;	/* <log_directory>/journal.pub */
	const char	*private_key;	/* <state_directory>/journal.key */
};

/* What opening found. */
struct journal_found {
	bool	 fresh;			/* there was no line at all */
	int64_t	 seq;			/* of the last line, 0: none */
	int64_t	 checkpoint;		/* seq of the last checkpoint, or 0 */
	int64_t	 previous_checkpoint;	/* of the one before, or 0 */
	int64_t	 up_to;			/* of the last checkpoint, or 0 */
	int64_t	 cut;			/* bytes of a bad tail put aside */
	int64_t	 bad;			/* seq of a bad line before a valid
					 * checkpoint, 0: none */
	int64_t	 last_time;		/* wall ms of the last line, or 0 */
};

/*
 * Opens for appending; the caller holds the lock.  Verifies from the last
 * checkpoint on, cuts a bad tail into <segment>.cut.<seq>, finishes a key
 * rotation that was interrupted, creates keys and instance the first time.
 * NULL with *why.
 */
struct journal	*journal_open(const struct journal_place *,
		    struct journal_found *, struct why *);
void		 journal_close(struct journal **);

/* 32 hex digits; fixed at the first start. */
const char	*journal_instance(const struct journal *);

/*
 * Adds a line to what the next commit writes.  `fields` are JSON members with
 * commas between them and none at the ends ("\"org\":\"demo\",\"job\":…"), or
 * empty.  Returns its seq.
 */
int64_t	 journal_add(struct journal *, enum event, const struct buf *fields);

/* The same for what happened at that time, not at the moment of the call. */
int64_t	 journal_add_at(struct journal *, enum event, int64_t wall_ms,
	    const struct buf *fields);

/*
 * A checkpoint line, signed.  `in_flight` is a JSON array.  Begins a new day's
 * key first where the day has changed (two lines then).  Returns the
 * checkpoint's seq, or -1 with *why (no key can be made: nothing was added).
 */
int64_t	 journal_add_checkpoint(struct journal *, int64_t up_to,
	    const struct buf *in_flight, struct why *);

/*
 * Makes all added lines durable.  Returns 1 if they are, 0 if not now (no
 * space: the lines stay collected, call again later), -1 if the journal can
 * take nothing more until a restart; *why in both latter cases.
 */
int	 journal_commit(struct journal *, struct why *);

/*
 * The same without waiting for the disk: begins, and returns as above, where
 * 1 says that all is durable or, if journal_syncing() then, under way.  Lines
 * added meanwhile wait for the next one.  When the descriptor becomes
 * readable (or at once, with `wait`) journal_end() says how it went, again as
 * above; still journal_syncing() after it: not ended yet.  It may become
 * readable once more when nothing is under way: 1 then, and nothing has
 * changed.
 */
int	 journal_begin(struct journal *, struct why *);
int	 journal_end(struct journal *, bool wait, struct why *);
bool	 journal_syncing(const struct journal *);
int	 journal_sync_ready(const struct journal *);

/* Seq of the last line that is durable, and of the last one added. */
int64_t	 journal_durable(const struct journal *);
int64_t	 journal_last(const struct journal *);
int64_t	 journal_last_checkpoint(const struct journal *);
/* The first line that opening needs to find; 0: all of them. */
int64_t	 journal_needed(const struct journal *);
/* Bytes added and not yet durable. */
size_t	 journal_pending(const struct journal *);

/* --- reading ------------------------------------------------------------ */

struct journal_reader;			/* opaque */

struct journal_line {
	int64_t		 seq;
	int64_t		 time;		/* wall ms */
	int		 event;		/* enum event, or -1: unknown */
	const char	*text;		/* borrowed until the next call */
	size_t		 length;	/* without the newline */
};

/*
 * Reads the journal below `directory` from the line `seq` on, each seq once,
 * the chain checked.  NULL with *why.
 */
struct journal_reader	*journal_reader_open(const char *directory,
			    int64_t seq, struct why *);
void		 journal_reader_close(struct journal_reader **);

/*
 * Returns 1 with the next line, 0 at the end for now (call again later: a
 * follower), -1 with *why at a line that is wrong (VALIDATION_ERROR); the next
 * call goes on after it.  After any other error there is nothing more.
 */
int	 journal_reader_next(struct journal_reader *, struct journal_line *,
	    struct why *);

/*
 * The last line's seq and hash, without reading more than what follows the
 * last checkpoint.  Returns 1, 0 if there is no line, -1 with *why.
 */
int	 journal_head(const char *directory, int64_t *seq_r,
	    char hash_r[HEX_SIZE(JOURNAL_HASH)], struct why *);

/*
 * A seq from which on every line with a time from `time` on (wall ms) can be
 * read; -1 with *why.
 */
int64_t	 journal_seek(const char *directory, int64_t time, struct why *);

/* --- verifying ---------------------------------------------------------- */

struct journal_verdict {
	int64_t	 lines;
	int64_t	 checkpoints;
	int64_t	 first_seq;
	int64_t	 last_seq;
	int64_t	 unproven;	/* lines after the last signed checkpoint */
	char	 last_hash[HEX_SIZE(JOURNAL_HASH)];
	char	 bad_segment[64];	/* where *why is about, or "" */
	int64_t	 bad_line;	/* its number in that segment */
};

/*
 * Verifies these files (segments in order; none: all below `directory`) with
 * nothing but the first public key: every hash, every seq, every signature,
 * every new key.  `head` (may be NULL) is `<seq>:<hash>` kept elsewhere, which
 * must be in it.  Returns 0 if all is good, 1 with *why at the first line that
 * is not, -1 with *why if it could not be read.
 */
int	 journal_verify(const char *directory, char *const *files,
	    size_t count, const char *public_key, const char *head,
	    struct journal_verdict *, struct why *);

#endif
