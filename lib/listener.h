/*
 * listener - where something listens, as the configuration says it
 *
 * `ADDRESS:PORT`, an IPv6 address in brackets, or `unix:` and a path.
 */
#ifndef LIB_LISTENER_H
#define LIB_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/network.h"

struct listener_place {
	const char	*path;		/* borrowed; a Unix socket's, or NULL */
	struct address	 address;	/* else */
	uint16_t	 port;
};

/* 0, or -1 if it is none. */
int	 listener_parse(const char *, struct listener_place *);

/* True if only this machine can reach it. */
bool	 listener_is_local(const struct listener_place *);

#endif
