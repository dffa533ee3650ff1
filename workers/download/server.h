/*
 * server - HTTP/1.1 on a listener
 *
 * libmicrohttpd, whose names stay in server.c, turned by the courier's loop:
 * one thread, nothing waits.  A request that is whole is shown to the handler,
 * which answers it at once or later; until then its connection rests.  Content
 * is read in blocks as the client takes them, and its digest made on the way:
 * where that is not what it should be, the last block is not sent and the
 * connection is cut.
 *
 * Cut off is who has not sent a whole request within SERVER_HEAD_TIME, or takes
 * less than SERVER_RATE over SERVER_WINDOW.
 */
#ifndef WORKERS_DOWNLOAD_SERVER_H
#define WORKERS_DOWNLOAD_SERVER_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/why.h"

#include "workers/download/answer.h"
#include "workers/download/certificate.h"
#include "workers/download/listener.h"

#define SERVER_HEAD_TIME 15000	/* ms for a request, or between two */
#define SERVER_WINDOW 30000	/* ms */
#define SERVER_RATE 1024	/* bytes a second */
#define SERVER_BODY_MAX 4096	/* bytes of a request's body, ignored */
#define SERVER_CONNECTIONS 1000
#define SERVER_HEAD_MAX (16 * 1024)	/* bytes of a request's head */

struct server;				/* opaque */

/* A request, from when it is whole until its answer has gone. */
struct exchange {
	const char	*method, *path;	/* borrowed; the path as it came */
	const struct sockaddr *socket;	/* borrowed; NULL: a Unix socket */
	bool		 secure;	/* by TLS */
	bool		 too_large;	/* its body; to be answered at once */
	bool		 broken;	/* what was sent was not what it was */
	void		*state;		/* the handler's */
};

struct server_handler {
	/* A new connection; false: closed, and `left` is not called. */
	bool	 (*admit)(void *arg, const struct sockaddr *);
	void	 (*left)(void *arg, const struct sockaddr *);
	/* A request: exchange_answer() it now or later. */
	void	 (*asked)(void *arg, struct exchange *);
	/* It is over; `delivered` bytes of content have arrived. */
	void	 (*ended)(void *arg, struct exchange *, int64_t delivered);
	void	*arg;			/* borrowed */
};

/* `minimum` is the oldest version of TLS.  NULL with *why. */
struct server	*server_start(const struct listener *,
		    const struct certificate *, const char *minimum,
		    const struct server_handler *, struct why *);

/* Readable when there is something to do. */
int		 server_fd(const struct server *);

/* Does it; returns the ms until it wants to be called again, -1: none. */
int64_t		 server_run(struct server *, int64_t now);

/*
 * Listens no longer, and closes every connection as soon as its request was
 * answered; again and again is no harm.
 */
void		 server_close(struct server *);

/* Whether there is a connection still. */
bool		 server_busy(const struct server *);

/* Appends a header's value, "" if there is none; of several, all of them. */
void		 exchange_header(const struct exchange *, const char *name,
		    struct buf *);

/* Once for each; takes the answer over, and frees it. */
void		 exchange_answer(struct exchange *, struct answer *);

#endif
