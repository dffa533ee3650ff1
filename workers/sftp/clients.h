/*
 * clients - the sessions of all destinations, and who waits for one
 *
 * Callers of the same identity share a session, up to a few of them; the next
 * is opened when those that are there stay full, or sync slowly.  One is kept
 * for the next caller, and closed when nobody had it for a while.  Only a few
 * of one identity are opened at once, for servers drop those who come in a
 * crowd (OpenSSH's MaxStartups).
 */
#ifndef WORKERS_SFTP_CLIENTS_H
#define WORKERS_SFTP_CLIENTS_H

#include "workers/sftp/client.h"

struct clients {
	struct courier	*courier;	/* borrowed */
	LIST_HEAD(, client) all;	/* own */
	struct callers	 waiting;	/* borrowed */
	int64_t		 alive_at;	/* monotonic ms, of the last `alive` */
	int64_t		 more_at;	/* and from when on more sessions than
					 * one of an identity are tried */
};

struct clients	*clients_new(struct courier *);

/* Gets the caller a session, now or later; its functions tell. */
void		 clients_ask(struct clients *, struct caller *);

/* The caller wants nothing more; see client_leave(). */
void		 clients_leave(struct clients *, struct caller *, bool clean);

/* One whose client is gone: it waits again, before all others. */
void		 clients_return(struct clients *, struct caller *);

/* True if the server takes part in another session of the same identity. */
bool		 clients_have_another(const struct clients *,
		    const struct client *);
/* For a while no more sessions are opened than one of an identity. */
void		 clients_have_enough(struct clients *);

/* Once each turn of the loop. */
void		 clients_turn(struct clients *);

#endif
