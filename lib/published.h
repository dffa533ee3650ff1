/*
 * published - a download link: what it leads to, until when, and for whom
 *
 * One file for each, jobs/<reference>.link; the reference is the beginning of
 * its token's SHA-256.  The token itself is kept nowhere.  What
 * was published stands in the file's second line as it stands in the journal's
 * `delivered` line, and never changes; how often it was fetched, and whether
 * it was ended, stands in the first, which always has the same length, so that
 * it is written over in place.
 */
#ifndef LIB_PUBLISHED_H
#define LIB_PUBLISHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/facts.h"
#include "lib/hex.h"
#include "lib/id.h"
#include "lib/json.h"
#include "lib/why.h"

#define REFERENCE_BYTES 8
#define REFERENCE_SIZE HEX_SIZE(REFERENCE_BYTES)
#define PUBLISHED_STATE 96	/* bytes of the first line */
#define PUBLISHED_MAX (64 * 1024)	/* bytes of the file */

struct published {
	struct id	 id;
	char		*destination;	/* own */
	uint8_t		 token[SHA256_LENGTH];	/* SHA-256 of the token */
	char		*key;		/* own; id of the key that made it */
	int		 number;	/* of all of the ticket's attempts */
	char		*base;		/* own; baseUrl */
	int64_t		 expires_at;	/* wall ms */
	int64_t		 max_access;	/* fetches; 0: any number */
	char		**networks;	/* own; from where; none: anywhere */
	size_t		 network_count;
	bool		 direct;
	char		*notify;	/* own; a destination, or NULL */
	char		*name;		/* own; the file's, sealed */
	char		*content_type;	/* own */
	bool		 has_file;	/* <id>.data, else in <id>.json */
	int64_t		 offset, length;	/* bytes */
	uint8_t		 sha256[SHA256_LENGTH];	/* of these bytes */
	/* The file, as it was when its bytes were compared with that. */
	uint64_t	 inode;
	int64_t		 modified, changed;	/* wall ns; mtime, ctime */
};

struct published_state {
	int64_t		 fetches;
	int64_t		 revoked_at;	/* wall ms, 0: it was not */
};

/* The reference of the token with that SHA-256. */
void	 published_reference(const uint8_t token[SHA256_LENGTH],
	    char out[REFERENCE_SIZE]);

/* The name of a link's file, and whether a name is one. */
#define PUBLISHED_NAME (REFERENCE_SIZE + sizeof(".link") - 1)
void	 published_name(const char *reference, char out[PUBLISHED_NAME]);
bool	 published_named(const char *name);

/* Writes the members into an object that is open. */
void	 published_write(struct buf *, const struct published *);

/* Reads them: 0, or -1 with *why.  On 0 freed by published_free(). */
int	 published_read(const struct json *, struct published *, struct why *);
void	 published_free(struct published *);

/* The first line, of exactly PUBLISHED_STATE bytes. */
void	 published_write_state(struct buf *, const struct published_state *);

/* A new link's file; and one that was read. */
void	 published_write_file(struct buf *, const struct published *);
int	 published_read_file(const char *text, size_t, struct published *,
	    struct published_state *, struct why *);

#endif
