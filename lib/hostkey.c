/*
 * hostkey - the key that an SSH server must have
 */
#include <string.h>

#include <openssl/evp.h>

#include "lib/base64.h"
#include "lib/hostkey.h"

#define HASH_TEXT 43		/* characters of an unpadded hash */

static const struct {
	const char	*name, *algorithms;
} kinds[HOSTKEY_kinds] = {
#define KIND(identifier, name, algorithms) \
	[HOSTKEY_##identifier] = { name, algorithms },
	HOSTKEY_KINDS(KIND)
#undef KIND
};

static const char *const wrong = "must be \"SHA256:\" and 43 characters of "
    "base64, or a line of known_hosts with a key of type ssh-ed25519, "
    "ecdsa-sha2-nistp256, -nistp384, -nistp521 or ssh-rsa";

static const char *
parse_hash(const char *text, struct hostkey *key)
{
	struct buf padded = { 0 }, hash = { 0 };
	bool good = strlen(text) == HASH_TEXT;

	buf_printf(&padded, "%s=", text);
	good = good && base64_decode(&hash, padded.data, padded.len,
	    BASE64_STANDARD) == 0 && hash.len == HOSTKEY_HASH;
	if (good)
		memcpy(key->sha256, hash.data, HOSTKEY_HASH);
	key->kind = HOSTKEY_kinds;
	key->bits = 0;
	buf_free(&padded);
	buf_free(&hash);
	return good ? NULL : wrong;
}

static enum hostkey_kind
kind_of(const char *word, size_t length)
{
	int kind = 0;

	while (kind < HOSTKEY_kinds && (strlen(kinds[kind].name) != length ||
	    memcmp(kinds[kind].name, word, length) != 0))
		kind++;
	return (enum hostkey_kind)kind;
}

/* The key's own bytes begin with its type, after four of the type's length. */
static bool
is_of_kind(const struct buf *blob, enum hostkey_kind kind)
{
	const char *name = kinds[kind].name;
	size_t length = strlen(name);

	return blob->len > length + 4 && memcmp(blob->data, "\0\0\0", 3) == 0 &&
	    (unsigned char)blob->data[3] == length &&
	    memcmp(blob->data + 4, name, length) == 0;
}

/* The bytes of a part, behind four of its length.  False: there is none. */
static bool
take_part(const struct buf *blob, size_t *at, const unsigned char **part,
    size_t *length)
{
	const unsigned char *bytes = (const unsigned char *)blob->data + *at;

	if (blob->len - *at < 4)
		return false;
	*length = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 |
	    (size_t)bytes[2] << 8 | bytes[3];
	if (blob->len - *at - 4 < *length)
		return false;
	*part = bytes + 4;
	*at += 4 + *length;
	return true;
}

/* Of an RSA key: its type, the exponent, the modulus (RFC 4253, 6.6). */
static int
modulus_bits(const struct buf *blob)
{
	const unsigned char *part = NULL;
	size_t at = 0, length = 0;
	int bits;

	for (int i = 0; i < 3; i++)
		if (!take_part(blob, &at, &part, &length))
			return 0;
	while (length > 0 && *part == 0) {
		part++;
		length--;
	}
	bits = 8 * (int)length;
	for (unsigned first = length > 0 ? *part : 0x80; first < 0x80;
	    first <<= 1)
		bits--;
	return bits;
}

static const char *
parse_blob(const char *text, size_t length, struct hostkey *key)
{
	struct buf blob = { 0 };
	bool good = base64_decode(&blob, text, length, BASE64_STANDARD) == 0 &&
	    is_of_kind(&blob, key->kind) && EVP_Digest(blob.data, blob.len,
	    key->sha256, NULL, EVP_sha256(), NULL) == 1;

	key->bits = good && key->kind == HOSTKEY_rsa ? modulus_bits(&blob) :
	    0;
	buf_free(&blob);
	return good ? NULL : wrong;
}

const char *
hostkey_parse(const char *text, struct hostkey *key)
{
	static const char blank[] = " \t\r\n";

	text += strspn(text, blank);
	if (strncmp(text, HOSTKEY_PREFIX, strlen(HOSTKEY_PREFIX)) == 0)
		return parse_hash(text + strlen(HOSTKEY_PREFIX), key);
	if (*text == '@')
		return "must not be a line with a marker: certificates of "
		    "hosts are not supported, and a revoked key is none to pin";
	/* The type stands first, or after the names of hosts. */
	for (int word = 0; word < 2; word++) {
		size_t length = strcspn(text, blank);

		key->kind = kind_of(text, length);
		text += length;
		text += strspn(text, blank);
		if (key->kind != HOSTKEY_kinds)
			return parse_blob(text, strcspn(text, blank), key);
	}
	return wrong;
}

bool
hostkey_weak(const struct hostkey *key, struct buf *out)
{
	if (key->bits == 0 || key->bits >= HOSTKEY_RSA_MIN)
		return false;
	buf_printf(out, "is an RSA key of %d bits, which others can find out: "
	    "have the server make one of type ed25519, and pin that",
	    key->bits);
	return true;
}

const char *
hostkey_algorithms(enum hostkey_kind kind)
{
	return kinds[kind].algorithms;
}

void
hostkey_print(const uint8_t sha256[HOSTKEY_HASH], struct buf *out)
{
	struct buf text = { 0 };

	base64_encode(&text, sha256, HOSTKEY_HASH, BASE64_STANDARD);
	buf_str(out, HOSTKEY_PREFIX);
	buf_add(out, text.data, HASH_TEXT);
	buf_free(&text);
}
