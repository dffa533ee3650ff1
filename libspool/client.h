/*
 * client - libspool's own side of a connection
 *
 * One question is under way at a time; its number is what tells its answer
 * from one that came too late for an earlier question.
 */
#ifndef LIBSPOOL_CLIENT_H
#define LIBSPOOL_CLIENT_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/json.h"
#include "lib/spool.h"
#include "lib/why.h"

#include "libspool/libspool.h"

struct libspool {
	struct conf	*conf;		/* own */
	char		*organization;	/* own; NULL: not named */
	struct spool	*spool;		/* own; where jobs are dropped, or NULL
					 * before one is */
	struct drop	*written;	/* own; not yet dropped */
	size_t		 written_count;
	libspool_progress *progress;	/* of copying, or NULL */
	void		*progress_arg;	/* borrowed */
	int		 fd;		/* own; -1: not connected */
	int64_t		 timeout;	/* ms, -1: for ever */
	int64_t		 until;		/* when it is up for what is asked now,
					 * as clock_monotonic(), or -1 */
	int64_t		 asked;		/* number of the last question */
	struct buf	 in;		/* what came after the last answer */
	int		 passed;	/* own; descriptor that came, or -1 */
	char		*program;	/* own; spoold to start, or NULL */
	pid_t		 child;		/* that is `spoold --offline`, or 0 */
	int		 child_fd;	/* own; pidfd, or -1 if it has ended */
	int		 said;		/* own; its stderr, or -1 */
};

/* What was answered. */
struct libspool_result {
	struct json	*json;		/* own */
	struct buf	 text;		/* own; made when it is asked for */
};

/* Something is asked now: the timeout begins. */
void	 client_begin(struct libspool *);

/* How many ms are left, at most an hour at once; -1: for ever. */
int	 client_left(const struct libspool *);

/* It is up: -1 with *why. */
int	 client_late(struct why *);

/*
 * Connects if that is not done yet: 0, or -1 with *why (number ETIMEDOUT if the
 * time was up).
 */
int	 client_connect(struct libspool *, struct why *);

/* Gives the connection up; the next question makes another. */
void	 client_disconnect(struct libspool *);

/*
 * Starts client->program and waits until it answers: 0, or -1 with *why
 * (UNAVAILABLE: somebody else has the spool's lock) and not connected.  Its end
 * is waited for once the connection is closed, if there is a timeout not for
 * long; offline_hurry() asks for it.
 */
int	 offline_start(struct libspool *, struct why *);
void	 offline_hurry(const struct libspool *);
void	 offline_end(struct libspool *);

/* Its environment, as execve(2) wants it; the array is the caller's to free. */
char	**offline_environment(const struct conf *);

/*
 * Asks and waits.  `members` are JSON members beside id and verb (from
 * json_put_…), or empty.  Returns the answer's result, which the caller frees
 * with json_free(), or NULL with *why: the answer's error, or anything else,
 * which ends the connection if something was sent (UNAVAILABLE with number
 * ETIMEDOUT if the time was up, ECONNRESET if spoold ended meanwhile).
 */
struct json	*client_call(struct libspool *, const char *verb,
		    const struct buf *members, struct why *);

/* The one that is meant where its spool is needed, or NULL with *why. */
const char	*client_organization(const struct libspool *, struct why *);

/* Removes what was written and not dropped. */
void	 written_abandon(struct libspool *);

/* --- for the calls -------------------------------------------------------- */

/* Gives the caller's error, if he wants it, what *why says; -1. */
int	 error_fill(struct libspool_error *, const struct why *);

/* The same, unless the connection is NULL: then the error stays. */
struct libspool_result	*client_failed(const struct libspool *,
			    struct libspool_error *, const struct why *);

/*
 * Writes a text of JSON as a member, as an array of one unless it is an array,
 * or its own members as such: 0, or -1 with *why.
 */
int	 put_document(struct buf *, const char *name, const char *json,
	    struct why *);
int	 put_documents(struct buf *, const char *name, const char *json,
	    struct why *);
int	 put_members(struct buf *, const char *json, struct why *);

/*
 * Asks about the organization, connected or not, or, given NULL, leaves the
 * error as it is; the members are emptied.
 */
struct libspool_result	*client_ask(struct libspool *, const char *verb,
			    struct buf *members, struct libspool_error *);

#endif
