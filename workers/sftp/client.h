/*
 * client - one SFTP channel of a connection, and those it works for
 *
 * It greets, and then carries the requests of its callers, of all at once.  A
 * server handles what comes by one channel in turn, and that of several at
 * once.  All of it happens in the courier's loop; a caller is told by its
 * functions, and may leave the client in any of them.
 */
#ifndef WORKERS_SFTP_CLIENT_H
#define WORKERS_SFTP_CLIENT_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "workers/common/courier.h"
#include "workers/sftp/subsystem.h"
#include "workers/sftp/config.h"
#include "workers/sftp/connection.h"
#include "workers/sftp/pending.h"
#include "workers/sftp/wire.h"

#define CLIENT_ROOM (256 * 1024)	/* bytes of requests that may wait */

/* Who asks for a client.  Its first fields are the caller's to fill in. */
struct caller {
	TAILQ_ENTRY(caller) entry;
	const struct config *config;	/* borrowed */
	int64_t		 timeout;	/* ms without an answer */
	bool		 fresh;		/* over a connection that is new */
	bool		 alone;		/* over one that nobody else uses now */
	/* Requests can be made, from the beginning; may come again. */
	void		(*ready)(void *arg);
	void		(*answered)(void *arg, const struct wire_answer *);
	/* There is room for more requests; may be NULL. */
	void		(*room)(void *arg);
	/* It is over: the client is gone, or there never was one. */
	void		(*broken)(void *arg, const struct why *);
	/* Once a second, whatever happens; may be NULL. */
	void		(*alive)(void *arg);
	void		*arg;		/* borrowed */
	struct client	*client;	/* borrowed; NULL: it waits for one, */
	int64_t		 since;		/* from then on, monotonic ms */
	bool		 joined;	/* it is among the client's callers */
	bool		 reused;	/* its connection had been in use before */
	bool		 heard;		/* any answer */
};

TAILQ_HEAD(callers, caller);

enum client_state { CLIENT_CONNECTING, CLIENT_OPENING, CLIENT_GREETING,
	CLIENT_READY, CLIENT_BROKEN };

struct client {
	TAILQ_ENTRY(client) entry;	/* of the connection's channels */
	struct connection *connection;	/* borrowed: it goes over that */
	struct callers	 callers;	/* borrowed; none: idle */
	unsigned	 count;		/* of them */
	bool		 alone;		/* the one that it has is to be */
	bool		 retiring;	/* it takes no more of them */
	enum client_state state;
	struct subsystem *subsystem;	/* own; NULL: not yet */
	struct buf	 out, in;	/* own */
	struct pending	 pending;	/* own; requests without an answer */
	int64_t		 heard;		/* monotonic ms of the last progress */
	int64_t		 took;		/* ms from the progress before it */
	int64_t		 sync_took;	/* µs of a sync, of late */
	int64_t		 idle_since;
	bool		 posix_rename, fsync;	/* what the server can do */
};

/* A channel of the connection, for a caller that waits no longer. */
void		 client_begin(struct connection *, struct caller *);

/* True if one more may join those that it has. */
bool		 client_may_join(const struct client *);

/* To a caller of the same identity that may join; connection_run() follows. */
void		 client_give(struct client *, struct caller *);

/* The caller needs it no longer; `clean`: nothing of it is under way. */
void		 client_leave(struct caller *, bool clean);

/*
 * The answer that has just come was to a sync behind other requests: so that
 * it is known how long the server takes for one.
 */
void		 client_synced(struct client *);

/* Where a caller's next request goes, and its id: for one request. */
struct buf	*client_out(struct caller *);
uint32_t	 client_id(struct caller *);

/* Hears and says once; true if there was anything to hear or to say. */
bool		 client_turn(struct client *);

/* It is of no use any more: tells its callers. */
void		 client_break(struct client *, const struct why *);

/* `close`: its connection goes on without it. */
void		 client_free(struct client *, bool close);

#endif
