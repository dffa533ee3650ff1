/*
 * listener - the socket that downloads come in by
 */
#ifndef WORKERS_DOWNLOAD_LISTENER_H
#define WORKERS_DOWNLOAD_LISTENER_H

#include <stdbool.h>

#include "lib/why.h"

struct listener {
	int	 fd;		/* own */
	bool	 by_unix;	/* a socket of the file system */
};

/*
 * Binds `ADDR:PORT`, `[V6]:PORT` or `unix:PATH` and listens.  Without TLS only
 * on this host: a loopback address or a Unix socket.  A Unix socket that is
 * left over is replaced, and is for its owner and group alone.  0, or -1 with
 * *why.
 */
int	 listener_open(struct listener *, const char *where, bool tls,
	    struct why *);

/* Whether it listens still. */
bool	 listener_works(const struct listener *);

#endif
