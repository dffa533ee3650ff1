/*
 * passphrase - a key out of what a person can remember
 */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "lib/base64.h"
#include "lib/passphrase.h"

#define COST 131072		/* N; with R, 128 MiB */
#define COST_MAX 1048576
#define BLOCKS 8		/* r */
#define LANES 1			/* p */
#define SALT_LENGTH 16		/* bytes */
#define SALT_MAX 64
#define MEMORY_MAX (UINT64_C(1200) * 1024 * 1024)

int
passphrase_put(struct buf *out, const char *name, struct why *why)
{
	unsigned char salt[SALT_LENGTH];
	struct buf text = { 0 };

	if (RAND_bytes(salt, sizeof(salt)) != 1)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "OpenSSL has no random bytes");
	base64_encode(&text, salt, sizeof(salt), BASE64_STANDARD);
	json_open(out, name, '{');
	json_put_string(out, "kdf", "scrypt");
	json_put_integer(out, "n", COST);
	json_put_integer(out, "r", BLOCKS);
	json_put_integer(out, "p", LANES);
	json_put_string(out, "salt", text.data);
	json_close(out, '}');
	buf_free(&text);
	return 0;
}

static bool
is_known(const struct json *how)
{
	return strcmp(json_string(json_get(how, "kdf"), ""), "scrypt") == 0 &&
	    json_is_integer(json_get(how, "n"), 2, COST_MAX) &&
	    json_is_integer(json_get(how, "r"), 1, BLOCKS) &&
	    json_is_integer(json_get(how, "p"), 1, LANES);
}

int
passphrase_key(const struct json *how, const struct buf *passphrase,
    unsigned char key[VAULT_KEY_BYTES], struct why *why)
{
	const char *text = json_string(json_get(how, "salt"), "");
	struct buf salt = { 0 };
	int result = -1;

	if (!is_known(how) || base64_decode(&salt, text, strlen(text),
	    BASE64_STANDARD) == -1 || salt.len < SALT_LENGTH ||
	    salt.len > SALT_MAX)
		(void)why_set(why, ERROR_VALIDATION_ERROR, "it was sealed in "
		    "a way that this version does not know");
	else if (EVP_PBE_scrypt(passphrase->data, passphrase->len,
	    (const unsigned char *)salt.data, salt.len,
	    (uint64_t)json_integer(json_get(how, "n"), 0),
	    (uint64_t)json_integer(json_get(how, "r"), 0),
	    (uint64_t)json_integer(json_get(how, "p"), 0), MEMORY_MAX, key,
	    VAULT_KEY_BYTES) != 1)
		(void)why_set(why, ERROR_UNAVAILABLE, "scrypt cannot make a "
		    "key: is there memory enough?");
	else
		result = 0;
	buf_free(&salt);
	return result;
}
