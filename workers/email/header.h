/*
 * header - the headers of a message, in ASCII
 *
 * RFC 5322 headers whose values may be any UTF-8: encoded words (RFC 2047) and
 * parameters (RFC 2231), folded so that no line has more than 76 characters
 * where it can be folded.  A value with a line break or another control
 * character in it is refused, never cleaned.
 */
#ifndef WORKERS_EMAIL_HEADER_H
#define WORKERS_EMAIL_HEADER_H

#include "lib/buf.h"
#include "lib/mail_address.h"
#include "lib/why.h"

/* 0, or -1 with *why about `field`, which has the value. */
int	 header_check(const char *value, const char *field, struct why *);

/* `Name: value`; the value was checked. */
void	 header_text(struct buf *, const char *name, const char *value);

/* `Name: ` and the addresses; nothing if there are none. */
void	 header_addresses(struct buf *, const char *name,
	    const struct mail_address *, size_t count);

/* An address on one line, a name that is not in ASCII in encoded words. */
void	 header_mailbox(struct buf *, const struct mail_address *);

/* `; name=value`, on lines of its own; the value was checked. */
void	 header_parameter(struct buf *, const char *name, const char *value);

#endif
