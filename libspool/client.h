/*
 * client - libspool's own side of a connection, for it and for the commands
 *
 * One question is under way at a time; its number is what tells its answer
 * from one that came too late for an earlier question.
 */
#ifndef LIBSPOOL_CLIENT_H
#define LIBSPOOL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/json.h"
#include "lib/spool.h"
#include "lib/why.h"

#include "libspool/libspool.h"

struct libspool {
	struct conf	*conf;		/* own; NULL: somebody else's matter */
	char		*organization;	/* own; NULL: not named */
	struct spool	*spool;		/* own; where jobs are dropped, or NULL
					 * before one is */
	int		 fd;		/* own; -1: not connected */
	int64_t		 timeout;	/* ms, -1: for ever */
	int64_t		 asked;		/* number of the last question */
	struct buf	 in;		/* what came after the last answer */
	int		 passed;	/* own; descriptor that came, or -1 */
};

/* What was answered. */
struct libspool_result {
	struct json	*json;		/* own */
	struct buf	 text;		/* own; made when it is asked for */
};

/* One that talks over a socket that is connected already. */
struct libspool	*client_new(int fd);

/*
 * Connects to the socket below that run_directory.  Returns 1 with its
 * descriptor, 0 if nobody listens, -1 with *why.
 */
int	 client_connect(const char *run_directory, int *fd_r, struct why *);

/*
 * Asks and waits.  `members` are JSON members beside id and verb (from
 * json_put_…), or empty.  `timeout` in ms, -1: for ever.  Returns the answer's
 * result, which the caller frees with json_free(), or NULL with *why: the
 * answer's error, or UNAVAILABLE (number ETIMEDOUT if the time was up: call
 * client_wait() to go on waiting; ECONNRESET if spoold ended meanwhile).
 */
struct json	*client_call(struct libspool *, const char *verb,
		    const struct buf *members, int64_t timeout,
		    struct why *);
struct json	*client_wait(struct libspool *, int64_t timeout,
		    struct why *);

/* Fills *why from an error object of the protocol or a receipt; -1. */
int	 client_error(const struct json *error, struct why *);

/* --- for the calls -------------------------------------------------------- */

/* Gives the caller's error, if he wants it, what *why says. */
void	 error_fill(struct libspool_error *, const struct why *);

/*
 * Writes a text of JSON as a member, or its own members as such: 0, or -1 with
 * *why.
 */
int	 put_document(struct buf *, const char *name, const char *json,
	    struct why *);
int	 put_members(struct buf *, const char *json, struct why *);

/* Asks about the organization, connected or not; the members are emptied. */
struct libspool_result	*client_ask(struct libspool *, const char *verb,
			    struct buf *members, struct libspool_error *);

#endif
