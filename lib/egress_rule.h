/*
 * egress_rule - one line of what may be connected to
 *
 *	private, public, loopback	a word for many addresses
 *	10.0.0.0/8, 192.0.2.7, 2001:db8::/32	a CIDR; a bare address is one
 *	*.example.org:443		a name's pattern, and ports
 *
 * Ports stand behind all of them after a colon, an IPv6 address in brackets
 * then: a number, a range (`8000-8999`) or `*`.  A pattern has to have them, so
 * that a word that is misspelt is no pattern.  Its `*` stands for any
 * characters but dots; one that it begins with, for dots as well.
 */
#ifndef LIB_EGRESS_RULE_H
#define LIB_EGRESS_RULE_H

#include <stdbool.h>

#include "lib/network.h"

enum rule_kind { RULE_private, RULE_public, RULE_loopback, RULE_network,
	RULE_host };

struct rule {
	enum rule_kind	 kind;
	struct network	 network;	/* of RULE_network */
	char		*host;		/* own; of RULE_host, in lower case */
	int		 first, last;	/* ports */
};

/* 0, or -1 if it is none.  Frees nothing. */
int	 rule_parse(const char *, struct rule *);
void	 rule_free(struct rule *);

bool	 rule_has_port(const struct rule *, int port);

/* True if it is a pattern that the name, in lower case, fits. */
bool	 rule_has_host(const struct rule *, const char *host);

#endif
