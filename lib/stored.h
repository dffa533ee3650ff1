/*
 * stored - the record of what was stored at a destination and is to go one day
 *
 * One file each, stored/<YYYY-MM-DD>/<id>.<destination> in the spool: the day
 * is the one on which it was due as it was made, which its `delivered` line in
 * the ticket's file says, too; the mtime is when it is tried.  Where it is to be
 * found is in the transport's own words, which may have metadata in them: they
 * are sealed for that organization, destination and job.
 */
#ifndef LIB_STORED_H
#define LIB_STORED_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/facts.h"
#include "lib/id.h"
#include "lib/json.h"
#include "lib/ticket.h"
#include "lib/vault.h"
#include "lib/why.h"

#define STORED_NAME (ID_LENGTH + 1 + DESTINATION_ID_MAX + 1)
#define STORED_PATH (CLOCK_DAY + STORED_NAME)	/* in stored/, with its day */
#define STORED_TEXT_MAX (32 * 1024)	/* bytes of a record */

struct stored_record {
	struct id	 id;
	char		 destination[DESTINATION_ID_MAX + 1];
	int64_t		 delivered_at;	/* wall ms */
	uint8_t		 sha256[SHA256_LENGTH];	/* of the content */
	char		*sealed;	/* own */
};

/* Its path in stored/ when it is due then. */
void	 stored_path(const struct id *, const char *destination, int64_t due,
	    char out[STORED_PATH]);

/* Reads a file's name, without its day.  0, or -1 if it is no record's. */
int	 stored_parse(const char *name, struct id *,
	    char destination[DESTINATION_ID_MAX + 1]);

/* Appends the members of a record: the same in its file and in the journal. */
void	 stored_put(struct buf *, const struct stored_record *);

/*
 * Reads them; id and destination are known by then, from its name or line.  0,
 * or -1 with *why.
 */
int	 stored_take(const struct json *, struct stored_record *, struct why *);
void	 stored_free(struct stored_record *);

/* The file's text; and what it says, as stored_take(). */
void	 stored_print(struct buf *, const struct stored_record *);
int	 stored_read(const char *text, size_t, struct stored_record *,
	    struct why *);

/*
 * Seals `text`, what the transport said, into the record; opens it again into
 * `out`, which the caller wipes.  0, or -1 with *why.
 */
int	 stored_seal(struct stored_record *, const struct vault *,
	    const char *organization, const char *text, struct why *);
int	 stored_open(const struct stored_record *, const struct vault *,
	    const char *organization, struct buf *out, struct why *);

#endif
