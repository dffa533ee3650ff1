/*
 * client - one session with a server, and those it works for
 *
 * From dialling to the last answer: it connects, logs in, greets, and then
 * carries the requests of its callers, of all at once.  All of it happens in
 * the courier's loop; a caller is told by its functions, and may leave the
 * client in any of them.
 */
#ifndef WORKERS_SFTP_CLIENT_H
#define WORKERS_SFTP_CLIENT_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "workers/common/courier.h"
#include "workers/sftp/config.h"
#include "workers/sftp/pending.h"
#include "workers/sftp/session.h"
#include "workers/sftp/wire.h"

#define CLIENT_ROOM (256 * 1024)	/* bytes of requests that may wait */

struct client;
struct clients;

/* Who asks for a session.  Its first fields are the caller's to fill in. */
struct caller {
	TAILQ_ENTRY(caller) entry;
	const struct config *config;	/* borrowed */
	int64_t		 timeout;	/* ms without an answer */
	bool		 fresh;		/* over a session that is new */
	bool		 alone;		/* over one that nobody else uses */
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
	bool		 reused;	/* the session had been in use before */
	bool		 heard;		/* any answer */
};

TAILQ_HEAD(callers, caller);

enum client_state { CLIENT_DIALLING, CLIENT_OPENING, CLIENT_GREETING,
	CLIENT_READY, CLIENT_BROKEN };

/* When it had come to a point, monotonic ms; 0: it never had. */
struct client_times {
	int64_t		 begun, resolved, connected, trusted, logged_in;
};

struct client {
	LIST_ENTRY(client) entry;
	struct courier	*courier;	/* borrowed */
	struct clients	*clients;	/* borrowed: it is one of them */
	struct callers	 callers;	/* borrowed; none: idle */
	unsigned	 count;		/* of them */
	bool		 alone;		/* the one that there is wants to be */
	bool		 retiring;	/* it takes no more of them */
	const struct config *config;	/* borrowed until it is ready */
	uint8_t		 identity[CONFIG_IDENTITY];
	enum client_state state;
	bool		 dialling;	/* libcurl still knows of it */
	struct session	*session;	/* own */
	struct watch	 watch;
	bool		 watched;
	enum family	 family;	/* that is asked for */
	struct why	 mismatch;	/* of the first key, or code 0 */
	enum family	 shown;		/* of the server's key */
	uint8_t		 sha256[HOSTKEY_HASH];	/* of it */
	struct client_times times;
	char		 peer[64];
	struct buf	 out, in;	/* own */
	struct pending	 pending;	/* own; requests without an answer */
	int64_t		 heard;		/* monotonic ms of the last progress */
	int64_t		 took;		/* ms from the progress before it */
	int64_t		 sync_took;	/* µs of a sync, of late */
	int64_t		 idle_since;
	bool		 posix_rename, fsync;	/* what the server can do */
};

/* Begins to connect for a caller; `courier` and `clients` are set. */
void		 client_begin(struct client *, struct caller *);

/* True if one more may join those of an open session. */
bool		 client_may_join(const struct client *, const struct caller *);

/* To a caller of the same identity that may join; client_run() is to follow. */
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

/* Goes on until it has to wait. */
void		 client_run(struct client *);

/* It is of no use any more: tells its callers. */
void		 client_break(struct client *, const struct why *);

void		 client_free(struct client *);

#endif
