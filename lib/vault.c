/*
 * vault - credentials at rest
 *
 * The master key, and while it is rotated the next one, is read once into
 * memory that is locked, left out of core dumps and wiped.  Every value is
 * sealed under a key that is derived from it for one organization and
 * destination, and never stored; each sealing has a random nonce of its own,
 * of 96 bits, which no number of credentials will ever bring near a collision
 * under one such key.
 *
 * Every string that is derived from or authenticated stands with its length
 * before it, so that no two places can look alike.
 *
 * A sealed text: v1.<key id>.<nonce>.<ciphertext and tag>
 *   key id      first 8 hex digits of SHA-256("spoold-master-key-v1\n", key)
 *   key         HKDF-SHA256(salt: none, info: organization, destination)
 *   associated  organization, destination, origin, field, "v1"
 *
 * What authenticates goes by HMAC-SHA256 under HKDF-SHA256(salt: none, info:
 * what it is for, as it is): no place is a word with no length before it.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "lib/base64.h"
#include "lib/hex.h"
#include "lib/vault.h"
#include "lib/vault_key.h"
#include "lib/xalloc.h"

#define VERSION "v1"
#define KEY_ID_LABEL "spoold-master-key-v1\n"
#define KEY_ID_LENGTH 8		/* hex digits */
#define KEY_LENGTH VAULT_KEY_BYTES
#define NONCE_LENGTH 12
#define TAG_LENGTH 16
#define VALUE_MAX (64 * 1024)	/* a destination's file has no more */

struct vault {
	struct secret	 keys[VAULT_KEYS];
	char		 ids[VAULT_KEYS][KEY_ID_LENGTH + 1];
	int		 count;		/* the last one seals */
	EVP_CIPHER	*cipher;	/* own */
	EVP_KDF		*kdf;		/* own */
};

/* OpenSSL's own words help nobody here. */
static int
crypto_failed(struct why *why, const char *what)
{
	return why_set(why, ERROR_INTERNAL_ERROR, "OpenSSL cannot %s", what);
}

static int
make_key_id(const struct secret *key, char id[KEY_ID_LENGTH + 1],
    struct why *why)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int result = -1;

	if (context == NULL ||
	    EVP_DigestInit_ex2(context, EVP_sha256(), NULL) != 1 ||
	    EVP_DigestUpdate(context, KEY_ID_LABEL,
	    strlen(KEY_ID_LABEL)) != 1 ||
	    EVP_DigestUpdate(context, key->data, key->length) != 1 ||
	    EVP_DigestFinal_ex(context, digest, NULL) != 1) {
		(void)crypto_failed(why, "make the key's id");
		goto out;
	}
	hex_format(digest, KEY_ID_LENGTH / 2, id);
	result = 0;
out:
	EVP_MD_CTX_free(context);
	OPENSSL_cleanse(digest, sizeof(digest));
	return result;
}

/* Once: a fetch takes longer than sealing a value. */
static int
fetch(struct vault *vault, struct why *why)
{
	vault->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	vault->kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	if (vault->cipher == NULL || vault->kdf == NULL)
		return crypto_failed(why, "offer AES-256-GCM and HKDF");
	return 0;
}

struct vault *
vault_open(const char *key_directory, struct why *why)
{
	struct vault *vault = xcalloc(1, sizeof(*vault));
	int result;

	vault->count = vault_key_read(key_directory, vault->keys, why);
	result = vault->count == -1 ? -1 : fetch(vault, why);
	for (int i = 0; i < vault->count && result == 0; i++)
		result = make_key_id(&vault->keys[i], vault->ids[i], why);
	if (result == -1)
		vault_close(&vault);
	return vault;
}

struct vault *
vault_of_key(const unsigned char key[VAULT_KEY_BYTES], struct why *why)
{
	struct vault *vault = xcalloc(1, sizeof(*vault));

	vault->count = 1;
	if (secret_set(&vault->keys[0], (const char *)key, VAULT_KEY_BYTES,
	    why) == -1 || fetch(vault, why) == -1 ||
	    make_key_id(&vault->keys[0], vault->ids[0], why) == -1)
		vault_close(&vault);
	return vault;
}

void
vault_close(struct vault **vault)
{
	struct vault *old = *vault;

	if (old == NULL)
		return;
	for (int i = 0; i < VAULT_KEYS; i++)
		secret_free(&old->keys[i]);
	EVP_CIPHER_free(old->cipher);
	EVP_KDF_free(old->kdf);
	OPENSSL_cleanse(old, sizeof(*old));
	free(old);
	*vault = NULL;
}

const char *
vault_key_id(const struct vault *vault)
{
	return vault->ids[vault->count - 1];
}

bool
vault_is_rotating(const struct vault *vault)
{
	return vault->count > 1;
}

/* The key that a text is sealed under, or -1. */
static int
find_key(const struct vault *vault, const char *sealed)
{
	const size_t version = strlen(VERSION ".");

	for (int i = 0; i < vault->count; i++)
		if (strncmp(sealed, VERSION ".", version) == 0 &&
		    strncmp(sealed + version, vault->ids[i],
		    KEY_ID_LENGTH) == 0 &&
		    sealed[version + KEY_ID_LENGTH] == '.')
			return i;
	return -1;
}

bool
vault_is_current(const struct vault *vault, const char *sealed)
{
	return find_key(vault, sealed) == vault->count - 1;
}

/* Adds a string with its length before it, 32 bits, big endian. */
static void
add_counted(struct buf *out, const char *text)
{
	size_t length = strlen(text);
	unsigned char count[4] = { (unsigned char)(length >> 24),
	    (unsigned char)(length >> 16), (unsigned char)(length >> 8),
	    (unsigned char)length };

	buf_add(out, count, sizeof(count));
	buf_add(out, text, length);
}

static int
derive(const struct vault *vault, int n, struct buf *info,
    unsigned char key[KEY_LENGTH], struct why *why)
{
	const struct secret *master = &vault->keys[n];
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(vault->kdf);
	OSSL_PARAM params[4];
	char hash[] = "SHA256";
	int result;

	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
	    hash, 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
	    master->data, master->length);
	params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
	    info->data, info->len);
	params[3] = OSSL_PARAM_construct_end();
	result = context != NULL &&
	    EVP_KDF_derive(context, key, KEY_LENGTH, params) == 1 ? 0 :
	    crypto_failed(why, "derive a key");
	EVP_KDF_CTX_free(context);
	return result;
}

/* The key under which the values of a destination are sealed. */
static int
derive_for(const struct vault *vault, int n, const struct vault_place *place,
    unsigned char key[KEY_LENGTH], struct why *why)
{
	struct buf info = { 0 };
	int result;

	add_counted(&info, place->organization);
	add_counted(&info, place->destination);
	result = derive(vault, n, &info, key, why);
	buf_free(&info);
	return result;
}

static void
make_associated(const struct vault_place *place, struct buf *out)
{
	add_counted(out, place->organization);
	add_counted(out, place->destination);
	add_counted(out, place->origin);
	add_counted(out, place->field);
	add_counted(out, VERSION);
}

/* One run of the cipher; both directions take the same steps. */
struct run {
	unsigned char	 key[KEY_LENGTH];
	unsigned char	 nonce[NONCE_LENGTH];
	unsigned char	 tag[TAG_LENGTH];
	const unsigned char *in;
	int		 in_length;
	unsigned char	*out;		/* as long as `in` */
};

/* Returns 0, or -1 if it could not be, or did not prove true. */
static int
run_cipher(const struct vault *vault, const struct vault_place *place,
    struct run *run, int encrypt)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	struct buf associated = { 0 };
	int length, result = -1;

	make_associated(place, &associated);
	if (context == NULL || EVP_CipherInit_ex2(context, vault->cipher,
	    run->key, run->nonce, encrypt, NULL) != 1)
		goto out;
	if (!encrypt && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG,
	    TAG_LENGTH, run->tag) != 1)
		goto out;
	if (EVP_CipherUpdate(context, NULL, &length,
	    (const unsigned char *)associated.data,
	    (int)associated.len) != 1 ||
	    EVP_CipherUpdate(context, run->out, &length, run->in,
	    run->in_length) != 1 ||
	    EVP_CipherFinal_ex(context, run->out + length, &length) != 1)
		goto out;
	if (encrypt && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG,
	    TAG_LENGTH, run->tag) != 1)
		goto out;
	result = 0;
out:
	EVP_CIPHER_CTX_free(context);
	buf_free(&associated);
	return result;
}

int
vault_seal(const struct vault *vault, const struct vault_place *place,
    const char *value, size_t length, struct buf *out, struct why *why)
{
	unsigned char *sealed;
	struct run run = { .in = (const unsigned char *)value };
	int result = -1;

	if (length > VALUE_MAX)
		return why_set(why, ERROR_VALIDATION_ERROR,
		    "%s is longer than %d bytes", place->field, VALUE_MAX);
	sealed = xmalloc(length + TAG_LENGTH);
	run.in_length = (int)length;
	run.out = sealed;
	if (derive_for(vault, vault->count - 1, place, run.key, why) == -1)
		goto out;
	if (RAND_bytes(run.nonce, NONCE_LENGTH) != 1 ||
	    run_cipher(vault, place, &run, 1) == -1) {
		(void)crypto_failed(why, "seal a value");
		goto out;
	}
	memcpy(sealed + length, run.tag, TAG_LENGTH);
	buf_printf(out, VERSION ".%s.", vault_key_id(vault));
	base64_encode(out, run.nonce, NONCE_LENGTH, BASE64_URL);
	buf_char(out, '.');
	base64_encode(out, sealed, length + TAG_LENGTH, BASE64_URL);
	result = 0;
out:
	OPENSSL_cleanse(&run, sizeof(run));
	free(sealed);
	return result;
}

/* Decodes `length` characters to at least `least` bytes.  0 or -1. */
static int
decode_part(const char *text, size_t length, size_t least, struct buf *out)
{
	return base64_decode(out, text, length, BASE64_URL) == -1 ||
	    out->len < least ? -1 : 0;
}

/*
 * Takes a sealed text apart: `nonce`, and `body`, which is ciphertext and tag.
 * Returns 0, or -1 with *why.
 */
static int
take_apart(const struct vault *vault, const char *sealed, struct buf *nonce,
    struct buf *body, struct why *why)
{
	const size_t version = strlen(VERSION ".");
	const char *id, *first, *second;

	id = strncmp(sealed, VERSION ".", version) == 0 ? sealed + version :
	    NULL;
	first = id != NULL ? strchr(id, '.') : NULL;
	second = first != NULL ? strchr(first + 1, '.') : NULL;
	if (id == NULL && sealed[0] == VERSION[0] &&
	    strspn(sealed + 1, "0123456789") > 0 &&
	    sealed[1 + strspn(sealed + 1, "0123456789")] == '.')
		return why_set(why, ERROR_CONFIG_ERROR, "it was sealed by a "
		    "later version of spoold");
	if (second == NULL || decode_part(first + 1,
	    (size_t)(second - first - 1), NONCE_LENGTH, nonce) == -1 ||
	    nonce->len != NONCE_LENGTH || decode_part(second + 1,
	    strlen(second + 1), TAG_LENGTH, body) == -1 ||
	    body->len > VALUE_MAX + TAG_LENGTH)
		return why_set(why, ERROR_CONFIG_ERROR,
		    "it is no sealed value");
	if (find_key(vault, sealed) == -1)
		return why_set(why, ERROR_CONFIG_ERROR, "it was sealed under "
		    "another master key than %s", vault_key_id(vault));
	return 0;
}

int
vault_unseal(const struct vault *vault, const struct vault_place *place,
    const char *sealed, struct buf *out, struct why *why)
{
	struct run run = { 0 };
	struct buf nonce = { 0 }, body = { 0 };
	size_t length = 0;
	int result = -1;

	if (take_apart(vault, sealed, &nonce, &body, why) == -1)
		goto out;
	/* take_apart() saw to the lengths. */
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
	memcpy(run.nonce, nonce.data, NONCE_LENGTH);
	length = body.len - TAG_LENGTH;
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
	memcpy(run.tag, body.data + length, TAG_LENGTH);
	run.in = (const unsigned char *)body.data;
	run.in_length = (int)length;
	run.out = xmalloc(length + 1);
	if (derive_for(vault, find_key(vault, sealed), place, run.key,
	    why) == -1)
		goto out;
	if (run_cipher(vault, place, &run, 0) == -1) {
		(void)why_set(why, ERROR_CONFIG_ERROR, "%s of %s does not "
		    "open: it was sealed for another place, or changed",
		    place->field, place->destination);
		goto out;
	}
	buf_add(out, run.out, length);
	result = 0;
out:
	if (run.out != NULL)
		OPENSSL_cleanse(run.out, length + 1);
	free(run.out);
	OPENSSL_cleanse(&run, sizeof(run));
	buf_free(&nonce);
	buf_free(&body);
	return result;
}

/* The key of that id, or -1. */
static int
key_of(const struct vault *vault, const char *id)
{
	for (int i = 0; i < vault->count; i++)
		if (strcmp(vault->ids[i], id) == 0)
			return i;
	return -1;
}

int
vault_authenticate(const struct vault *vault, const char *id,
    const char *purpose, const struct buf *text,
    unsigned char out[VAULT_MAC_LENGTH], struct why *why)
{
	unsigned char key[KEY_LENGTH];
	struct buf info = { 0 };
	int n = key_of(vault, id), result = -1;

	if (n == -1)
		return why_set(why, ERROR_CONFIG_ERROR, "it was made under "
		    "another master key than %s", vault_key_id(vault));
	buf_str(&info, purpose);
	if (derive(vault, n, &info, key, why) == -1)
		goto out;
	if (HMAC(EVP_sha256(), key, KEY_LENGTH,
	    (const unsigned char *)text->data, text->len, out, NULL) == NULL) {
		(void)crypto_failed(why, "make an HMAC");
		goto out;
	}
	result = 0;
out:
	OPENSSL_cleanse(key, sizeof(key));
	buf_free(&info);
	return result;
}
