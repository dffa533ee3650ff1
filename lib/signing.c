/*
 * signing - the secrets that sign webhooks
 *
 * The public half that a `whsk_` of 64 bytes carries is compared with the one
 * that belongs to its seed: a receiver that was given another one would refuse
 * everything.
 */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "lib/base64.h"
#include "lib/signing.h"

#define MADE_LENGTH 32		/* bytes of one that is made here */

static const struct {
	enum signing	 kind;
	const char	*prefix;
} prefixes[] = {
	{ SIGNING_hmac, "whsec_" },
	{ SIGNING_ed25519, "whsk_" },
	{ SIGNING_raw, "" },		/* the last: everything begins so */
};

static size_t
prefix_of(const char *secret)
{
	size_t i = 0;

	while (strncmp(secret, prefixes[i].prefix,
	    strlen(prefixes[i].prefix)) != 0)
		i++;
	return i;
}

enum signing
signing_kind(const char *secret)
{
	return prefixes[prefix_of(secret)].kind;
}

/* True if what follows the seed is its public key. */
static bool
is_pair(const struct buf *key)
{
	unsigned char public[SIGNING_SEED_LENGTH];
	size_t length = sizeof(public);
	EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
	    (const unsigned char *)key->data, SIGNING_SEED_LENGTH);
	bool good = pair != NULL &&
	    EVP_PKEY_get_raw_public_key(pair, public, &length) == 1 &&
	    length == SIGNING_SEED_LENGTH &&
	    memcmp(public, key->data + SIGNING_SEED_LENGTH, length) == 0;

	EVP_PKEY_free(pair);
	return good;
}

int
signing_key(const char *secret, struct buf *key)
{
	size_t i = prefix_of(secret), skip = strlen(prefixes[i].prefix);

	if (prefixes[i].kind == SIGNING_raw) {
		buf_str(key, secret);
		return 0;
	}
	if (base64_decode(key, secret + skip, strlen(secret) - skip,
	    BASE64_STANDARD) == -1)
		return -1;
	if (prefixes[i].kind == SIGNING_hmac ||
	    key->len == SIGNING_SEED_LENGTH)
		return 0;
	if (key->len != (size_t)2 * SIGNING_SEED_LENGTH || !is_pair(key))
		return -1;
	key->len = SIGNING_SEED_LENGTH;
	return 0;
}

int
signing_make(struct buf *secret, struct why *why)
{
	unsigned char bytes[MADE_LENGTH];
	int result = 0;

	if (RAND_priv_bytes(bytes, sizeof(bytes)) == 1) {
		buf_str(secret, "whsec_");
		base64_encode(secret, bytes, sizeof(bytes), BASE64_STANDARD);
	} else
		result = why_set(why, ERROR_INTERNAL_ERROR,
		    "OpenSSL cannot make a secret");
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return result;
}
