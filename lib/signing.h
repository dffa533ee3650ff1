/*
 * signing - the secrets that sign webhooks
 *
 * As Standard Webhooks 1.0 writes them: `whsec_` and base64 of a symmetric
 * key, `whsk_` and base64 of an ed25519 key: its seed of 32 bytes, or seed and
 * public key, 64 bytes.  Anything else is a raw key, its bytes as they are.
 */
#ifndef LIB_SIGNING_H
#define LIB_SIGNING_H

#include "lib/buf.h"
#include "lib/why.h"

#define SIGNING_SECRETS_MAX 3	/* active: the current one, and two more */
#define SIGNING_SEED_LENGTH 32	/* bytes of an ed25519 key that count */

enum signing { SIGNING_raw, SIGNING_hmac, SIGNING_ed25519 };

/* What kind of secret a text is, by what it begins with. */
enum signing	 signing_kind(const char *secret);

/*
 * Appends the key's bytes: all of a symmetric one, the seed of an ed25519 one.
 * Returns 0, or -1 if its base64 is none, or is no ed25519 key.  `key` is to
 * be wiped either way.
 */
int	 signing_key(const char *secret, struct buf *key);

/* Appends a new one: `whsec_` and base64 of 32 random bytes.  0, or -1. */
int	 signing_make(struct buf *secret, struct why *);

#endif
