/*
 * url - the http and https URLs that a destination may have
 *
 * Narrower than RFC 3986 on purpose: what this takes, every HTTP client reads
 * the same way, so that the host which was checked is the host that is asked.
 */
#ifndef LIB_URL_H
#define LIB_URL_H

#include <stdbool.h>

#include "lib/buf.h"

#define URL_MAX 2048		/* bytes */
#define URL_HOST_MAX 255

struct url {
	bool	 tls;		/* https */
	char	 host[URL_HOST_MAX + 1];	/* lower case; IPv6 in [] */
	int	 port;
};

/*
 * Reads one.  Returns NULL, or in words what it must have or not have ("must
 * not have a user or password").
 */
const char	*url_parse(const char *, struct url *);

/* Appends scheme://host:port, the port always given. */
void		 url_origin(const struct url *, struct buf *);

#endif
