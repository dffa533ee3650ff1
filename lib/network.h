/*
 * network - addresses of the Internet, and networks of them
 *
 * Both families are one: IPv4 is kept as ::ffff:a.b.c.d, so that a mapped
 * address and the one that it stands for are the same.
 */
#ifndef LIB_NETWORK_H
#define LIB_NETWORK_H

#include <netinet/in.h>
#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_TEXT INET6_ADDRSTRLEN	/* bytes of one as text, with its NUL */

struct address {
	uint8_t	 bytes[16];
};

struct network {
	struct address	 address;
	unsigned	 bits;		/* of 128 */
};

void	 address_from_ipv4(struct address *, const uint8_t bytes[4]);
bool	 address_is_ipv4(const struct address *);

/* 0, or -1 if it is of no family that is known. */
int	 address_from(struct address *, const struct sockaddr *);

/* `10.0.0.7` or `2001:db8::7`, and nothing else: 0 or -1. */
int	 address_parse(const char *, struct address *);

/* The same back; IPv4 as such. */
void	 address_text(const struct address *, char out[ADDRESS_TEXT]);

/* A CIDR or one host: 0, or -1 if it is neither. */
int	 network_parse(const char *, struct network *);

bool	 network_has(const struct network *, const struct address *);

#endif
