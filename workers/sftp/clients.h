/*
 * clients - the sessions of all destinations, and who waits for one
 *
 * A session is kept for the next caller of the same identity, and closed when
 * nobody had it for a while.  Only a few of one identity are opened at once,
 * for servers drop those who come in a crowd (OpenSSH's MaxStartups).
 */
#ifndef WORKERS_SFTP_CLIENTS_H
#define WORKERS_SFTP_CLIENTS_H

#include "workers/sftp/client.h"

struct clients {
	struct courier	*courier;	/* borrowed */
	LIST_HEAD(, client) all;	/* own */
	struct callers	 waiting;	/* borrowed */
	int64_t		 alive_at;	/* monotonic ms, of the last `alive` */
};

struct clients	*clients_new(struct courier *);

/* Gets the caller a session, now or later; its functions tell. */
void		 clients_ask(struct clients *, struct caller *);

/* The caller wants nothing more; see client_leave(). */
void		 clients_leave(struct clients *, struct caller *, bool clean);

/* Once each turn of the loop. */
void		 clients_turn(struct clients *);

#endif
