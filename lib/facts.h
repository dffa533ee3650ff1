/*
 * facts - what was accepted, and what became of it: a ticket's lines
 *
 * A ticket's file is lines of JSON.  The first are the accepted facts, written
 * once; each following one is an attempt that ended, or what an operator or
 * the clock did to it.  The journal's `accepted` line carries the same fields,
 * so that a ticket lost in a crash can be written again.
 */
#ifndef LIB_FACTS_H
#define LIB_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/id.h"
#include "lib/job.h"
#include "lib/json.h"
#include "lib/why.h"

#define SHA256_LENGTH 32
#define TICKET_FILE_MAX (256 * 1024)	/* bytes; of a longer one both ends */

struct facts {
	struct id	 id;
	char		*name;		/* own; dropped as, with .json */
	char		*submitter;	/* own; user name, or uid in decimal */
	int64_t		 accepted_at;	/* wall ms */
	uint64_t	 inode;		/* of the job's file */
	int64_t		 job_bytes;
	uint8_t		 job_sha256[SHA256_LENGTH];
	int64_t		 payload_bytes;	/* of the file, or of payload.data */
	uint8_t		 payload_sha256[SHA256_LENGTH];
	struct job	 job;		/* own; .data and .metadata included,
					 * .destinations never NULL */
};

/*
 * Writes the fields into an object that is open, all but the id: that is "id"
 * in a ticket and "job" in the journal.
 */
void	 facts_write(struct buf *, const struct facts *);

/* Writes a receipt's member "payload": type, bytes, sha256. */
void	 facts_write_payload(struct buf *, const struct facts *);

/*
 * Reads them from a ticket's first line or an `accepted` line.  Returns 0 or
 * -1.  On 0 the caller frees them with facts_free().
 */
int	 facts_read(const struct json *, struct facts *, struct why *);
void	 facts_free(struct facts *);

/* What a ticket's further lines say; the names stand in the file as such. */
enum ticket_event {
	TICKET_delivered, TICKET_deferred, TICKET_failed, TICKET_maybe,
	TICKET_cancelled, TICKET_expired, TICKET_requeued, TICKET_revoked,
	TICKET_EVENTS
};
const char	*ticket_event_name(enum ticket_event);

/* One such line.  Strings are owned, and NULL where there is none. */
struct event_line {
	enum ticket_event event;
	int		 attempt;	/* its number, 0 if it is none */
	int64_t		 seq;		/* of its journal line */
	int64_t		 at;		/* wall ms, when it ended */
	int64_t		 due;		/* wall ms of the next attempt, or 0 */
	int64_t		 ms;		/* how long the attempt took */
	int		 code;		/* the remote's status, or 0 */
	enum error	 error;
	bool		 possible_duplicate;	/* it may repeat one */
	char		*reason;	/* spoold's own sentence */
	char		*reference;	/* the remote's identifier */
	char		*remote;	/* what it said: 1 KiB, escaped */
	char		*by;		/* who did it, for operators' events */
	char		*to;		/* requeued: another destination that it
					 * is tried at instead */
	int64_t		 erase_at;	/* delivered: wall ms when its record in
					 * stored/ is due; 0: it has none */
	/* delivered, by download: what its link is made from again. */
	int64_t		 link_expires_at;	/* wall ms; 0: there is none */
	int		 link_number;	/* of all of the ticket's attempts */
	char		*link_base;
	char		*link_key;	/* id of the master key */
};

/* Appends one line, with its newline. */
void	 event_line_write(struct buf *, const struct event_line *);

/* What is owned by it. */
void	 event_line_free(struct event_line *);

/* True if what is before that line does not count any more. */
bool	 event_line_restarts(const struct event_line *);

/* True if that attempt may have arrived although it does not say so. */
bool	 event_line_doubtful(const struct event_line *);

/* A ticket's whole file. */
struct ticket_file {
	struct facts	 facts;
	struct event_line *lines;	/* own */
	size_t		 line_count;
};

/*
 * Reads it, of `size` bytes.  A last line without a newline (a crash) is left
 * out, and so are later lines that cannot be read.  Returns 1, 0 if there is no
 * whole first line, -1 with *why.
 */
int	 ticket_file_read(int fd, off_t size, struct ticket_file *,
	    struct why *);
void	 ticket_file_free(struct ticket_file *);

/* Adds a line as if it had been read; its strings are taken. */
void	 ticket_file_add(struct ticket_file *, struct event_line *);

/* The last finished attempt's line since it was last requeued, or NULL. */
const struct event_line	*ticket_file_last(const struct ticket_file *);

/* True if the next attempt may repeat one that arrived. */
bool	 ticket_file_doubtful(const struct ticket_file *);

#endif
