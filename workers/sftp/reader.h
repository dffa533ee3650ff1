/*
 * reader - a file of the server's, read in order with many requests under way
 *
 * A server may answer in any order and with less than was asked for; what
 * comes out is in order, in pieces.
 */
#ifndef WORKERS_SFTP_READER_H
#define WORKERS_SFTP_READER_H

#include "workers/sftp/client.h"

#define READER_SLOTS 16

struct reader_slot {
	uint32_t	 id;		/* of the request under way */
	uint32_t	 wanted, got;	/* bytes */
	bool		 waits;		/* for an answer */
};

struct reader {
	struct wire_handle handle;
	uint64_t	 asked, end;	/* offsets: next to ask for, last */
	uint64_t	 first;		/* of the first slot */
	struct reader_slot slot[READER_SLOTS];
	unsigned	 head, count;	/* of the slots in use */
	bool		 short_of;	/* the file ended before `end` */
	char		*bytes;		/* own; WIRE_DATA_MAX for each slot */
};

/* From the file's beginning to `end`. */
void	 reader_begin(struct reader *, const struct wire_handle *,
	    uint64_t end);
void	 reader_free(struct reader *);

/* Asks for more as far as there is room. */
void	 reader_ask(struct reader *, struct caller *);

/* Asks for nothing more. */
void	 reader_stop(struct reader *);

/* Takes an answer to one of its requests.  0, or -1 with *why. */
int	 reader_take(struct reader *, struct caller *,
	    const struct wire_answer *, struct why *);

/*
 * The next piece, whole, or NULL if it is not there yet; it is valid until
 * the next call, which frees its slot.
 */
const char	*reader_next(struct reader *, size_t *length_r);

/* True if all was read, or no more will come, and nothing is under way. */
bool	 reader_done(const struct reader *);

#endif
