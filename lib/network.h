/*
 * network - addresses, and the networks that CIDRs name
 *
 * Of one form inside: an IPv4 address is the IPv6 address ::ffff:a.b.c.d.
 */
#ifndef LIB_NETWORK_H
#define LIB_NETWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* An address of either family. */
struct address {
	uint8_t	 bytes[16];
};

struct network {
	struct address	 address;
	unsigned	 bits;		/* of 128 */
};

/*
 * Where to connect to: 0, or -1 if it is of no family that is known.  One that
 * only stands for an IPv4 address (NAT64's 64:ff9b::/96, 6to4's 2002::/16) is
 * that one.
 */
int	 address_from(struct address *, const struct sockaddr *);

/*
 * Who connects: an address as it is, from a text without port and brackets.
 * 0, or -1 if it is none.
 */
int	 address_parse(const char *, struct address *);

bool	 address_is_ipv4(const struct address *);

/* As people write it. */
void	 address_text(const struct address *, char out[INET6_ADDRSTRLEN]);

/* A CIDR, or a bare address, which is one host.  0, or -1 if it is neither. */
int	 network_parse(const char *, struct network *);

bool	 network_has(const struct network *, const struct address *);

#endif
