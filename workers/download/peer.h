/*
 * peer - whose address a request comes from
 *
 * The socket's, or, where a trusted proxy is at its other end, the rightmost
 * address of X-Forwarded-For that is no trusted proxy.  Whoever comes through a
 * Unix socket is one.
 */
#ifndef WORKERS_DOWNLOAD_PEER_H
#define WORKERS_DOWNLOAD_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/network.h"
#include "lib/why.h"

struct peers {
	struct network	*proxies;	/* own */
	size_t		 count;
};

/* Reads CIDRs, one a line.  0, or -1 with *why. */
int	 peers_read(struct peers *, const char *list, struct why *);
void	 peers_free(struct peers *);

/* Whether what it says of others is believed; NULL is a Unix socket. */
bool	 peers_trust(const struct peers *, const struct address *socket);

/*
 * The address behind a socket's; `forwarded` is all of X-Forwarded-For, "" if
 * there is none.  0, or -1 if it cannot be known.
 */
int	 peers_find(const struct peers *, const struct address *socket,
	    const char *forwarded, struct address *);

#endif
