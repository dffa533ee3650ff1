/*
 * connection - one peer of the control socket: its lines in, its answers out
 */
#ifndef SPOOLD_CONNECTION_H
#define SPOOLD_CONNECTION_H

#include <sys/queue.h>

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/why.h"

#include "spoold/loop.h"
#include "spoold/roles.h"
#include "spoold/server.h"

/* A descriptor that goes with a byte of `out`. */
struct passing {
	TAILQ_ENTRY(passing) entry;
	int		 fd;		/* own */
	size_t		 at;		/* bytes before it */
};

struct connection {
	TAILQ_ENTRY(connection) entry;
	struct connections *all;	/* borrowed; those it is one of */
	struct spoold	*spoold;	/* borrowed */
	struct source	 source;	/* its fd is own */
	struct buf	 in, out;
	struct peer	 peer;		/* own */
	TAILQ_HEAD(, passing) passings;	/* descriptors on their way out */
	unsigned	 passing_count;
	bool		 ended;		/* nothing more comes */
	bool		 more;		/* `in` has whole lines that wait */
	size_t		 ignored;	/* bytes after a line that was too long;
					 * 0: none was */
	TAILQ_HEAD(, request) requests;
	unsigned	 request_count;
};

TAILQ_HEAD(connections, connection);

/* Takes an open socket over.  NULL with *why: it stays the caller's. */
struct connection	*connection_new(struct spoold *, struct connections *,
			    int fd, struct why *);
void	 connection_free(struct connection *);

/*
 * Sends a line, which is wiped, and with its first byte a descriptor, which is
 * closed (-1: none); nothing if the connection is NULL.
 */
void	 connection_say(struct connection *, struct buf *line, int fd);

/* True if it still is one of these: any handler may have ended it. */
bool	 connection_alive(const struct connections *,
	    const struct connection *);

#endif
