/*
 * mail_address - the addresses that mail is sent from and to
 *
 * Narrower than RFC 5322 on purpose: no comments, no quoted local parts, no
 * address literals, no routes.  What this takes is one address to every
 * server, and no part of it can end a command or a header.
 */
#ifndef LIB_MAIL_ADDRESS_H
#define LIB_MAIL_ADDRESS_H

#include <stdbool.h>

#define MAIL_NAME_MAX 128	/* bytes of a name */
#define MAIL_LOCAL_MAX 64	/* bytes before the @: RFC 5321 */
#define MAIL_DOMAIN_MAX 255	/* and behind it */

struct mail_address {
	char	*name;		/* own; in UTF-8, or NULL */
	char	*address;	/* own */
};

/*
 * Reads `user@host` or `Name <user@host>`, the name with or without quotes.
 * Returns NULL, or in words what it must be; nothing is to be freed then.
 */
const char	*mail_address_parse(const char *, struct mail_address *);
void		 mail_address_free(struct mail_address *);

/* True if it takes SMTPUTF8 (RFC 6531) to name it to a server. */
bool		 mail_address_is_utf8(const struct mail_address *);

#endif
