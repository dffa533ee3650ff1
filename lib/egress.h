/*
 * egress - which addresses an organization's workers may connect to
 *
 * Decided on the address that is about to be connected to, never on a name, so
 * 127.1, 0x7f000001, ::ffff:127.0.0.1 and a name that resolves differently the
 * second time are all seen as what they are.  IPv4-mapped, NAT64 (64:ff9b::/96)
 * and 6to4 addresses count as the IPv4 address that they stand for.
 *
 * Rules are those of egress_rule.h.  Words: `private` (RFC 1918, fd00::/8),
 * `public`, `loopback`.  Never without being named: loopback, the host's own
 * addresses (both by `loopback` or a CIDR), 0.0.0.0/8, ::, link-local,
 * multicast, the metadata addresses (by a CIDR only).  A CIDR that is wider
 * than such a network does not name it.  A pattern of names admits public
 * addresses only.
 */
#ifndef LIB_EGRESS_H
#define LIB_EGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "lib/why.h"

struct egress;				/* opaque */

/*
 * Reads the rules, and the host's own addresses from the kernel.  NULL with
 * *why (CONFIG_ERROR) naming the rule that is none.
 */
struct egress	*egress_new(const char *const *allow, size_t allow_count,
		    const char *const *plaintext, size_t plaintext_count,
		    struct why *);
void		 egress_free(struct egress **);

/*
 * Reads the host's own addresses anew, if that was more than some seconds ago:
 * a lease may have brought another.  What was known stays if it cannot.
 */
void		 egress_refresh(struct egress *);

/* Checks a rule's form only: 0, or -1 with *why. */
int	 egress_check_rule(const char *, struct why *);

/*
 * 0 if it may be connected to, -1 with *why (EGRESS_DENIED) if not.  `host` is
 * what was resolved, in lower case and without a dot at its end; NULL if that
 * is unknown.
 */
int	 egress_allows(const struct egress *, const char *host,
	    const struct sockaddr *, struct why *);

/* The same for speaking without TLS to it: loopback, or plaintext rules. */
int	 egress_allows_plaintext(const struct egress *, const char *host,
	    const struct sockaddr *, struct why *);

/*
 * The same for a name that a proxy resolves, so that nobody here knows where it
 * leads: a pattern, or `public` if it is not one that is local everywhere.
 */
int	 egress_allows_name(const struct egress *, const char *host, int port,
	    struct why *);

#endif
