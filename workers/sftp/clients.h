/*
 * clients - the connections of all destinations, and who waits for a client
 *
 * Callers of the same identity share a channel, up to a few of them; the next
 * is opened, over the same connection, when those that are there stay full, or
 * sync slowly; and another connection only where the server lets in no more
 * channels.  One is kept for the next caller, and closed when nobody had it
 * for a while.  Only a few of one identity are opened at once, for servers drop
 * those who come in a crowd (OpenSSH's MaxStartups).
 */
#ifndef WORKERS_SFTP_CLIENTS_H
#define WORKERS_SFTP_CLIENTS_H

#include "workers/sftp/client.h"
#include "workers/sftp/manners.h"

struct clients {
	struct courier	*courier;	/* borrowed */
	LIST_HEAD(, connection) all;	/* own */
	struct callers	 waiting;	/* borrowed */
	int64_t		 alive_at;	/* monotonic ms, of the last `alive` */
	struct manners	 manners;	/* own */
};

struct clients	*clients_new(struct courier *);

/* Gets the caller a client, now or later; its functions tell. */
void		 clients_ask(struct clients *, struct caller *);

/* The caller wants nothing more; see client_leave(). */
void		 clients_leave(struct clients *, struct caller *, bool clean);

/* One whose client is gone: it waits again, before all others. */
void		 clients_return(struct clients *, struct caller *);

/*
 * True if what failed, before it was ready, was one more than the server lets
 * in, so that those that are there have to do.  It is remembered.
 */
bool		 clients_are_enough(struct clients *, const struct client *,
		    const struct why *);

/* The connection is about to break: what that says of its server. */
void		 clients_note_end(struct connection *);

/* Once each turn of the loop. */
void		 clients_turn(struct clients *);

#endif
