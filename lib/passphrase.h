/*
 * passphrase - a key out of what a person can remember
 *
 * scrypt (RFC 7914) with a random salt: each guess costs 128 MiB and about
 * half a second.  What it takes stands beside what is sealed, so that a later
 * version can ask for more.
 */
#ifndef LIB_PASSPHRASE_H
#define LIB_PASSPHRASE_H

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/vault.h"
#include "lib/why.h"

#define PASSPHRASE_MAX 1024	/* bytes */

/* Writes `name`, an object: what is done, and a new salt.  0 or -1. */
int	 passphrase_put(struct buf *, const char *name, struct why *);

/*
 * The key that such an object makes of a passphrase; to be wiped.  0, or -1
 * with *why: it asks for something else, or for more than can be meant.
 */
int	 passphrase_key(const struct json *, const struct buf *passphrase,
	    unsigned char key[VAULT_KEY_BYTES], struct why *);

#endif
