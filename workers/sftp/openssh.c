/*
 * openssh - an ed25519 key in the format of OpenSSH
 *
 * libssh 0.10 reads an ed25519 key in PKCS#8, but cannot sign with it; in
 * OpenSSH's own format it can.  The format: PROTOCOL.key of OpenSSH's source.
 */
#include <stdint.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "lib/base64.h"

#include "workers/sftp/openssh.h"

#define KEY_LENGTH 32
#define BLOCK 8			/* bytes that the private part is padded to */

static void
put_bytes(struct buf *out, const void *bytes, size_t length)
{
	const char size[4] = { 0, 0, (char)(length >> 8), (char)length };

	buf_add(out, size, sizeof(size));
	buf_add(out, bytes, length);
}

static void
put_string(struct buf *out, const char *text)
{
	put_bytes(out, text, strlen(text));
}

/* The two numbers before it only show whether decrypting went well. */
static void
put_private(struct buf *out, const unsigned char *seed,
    const unsigned char *public)
{
	struct buf part = { 0 }, both = { 0 };

	buf_add(&part, "samesame", 8);
	put_string(&part, "ssh-ed25519");
	put_bytes(&part, public, KEY_LENGTH);
	buf_add(&both, seed, KEY_LENGTH);
	buf_add(&both, public, KEY_LENGTH);
	put_bytes(&part, both.data, both.len);
	put_string(&part, "");
	for (char pad = 1; part.len % BLOCK != 0; pad++)
		buf_char(&part, pad);
	put_bytes(out, part.data, part.len);
	buf_wipe(&both);
	buf_wipe(&part);
}

static void
put_key(struct buf *out, const unsigned char *seed,
    const unsigned char *public)
{
	static const char magic[] = "openssh-key-v1";
	struct buf blob = { 0 }, shown = { 0 };

	put_string(&shown, "ssh-ed25519");
	put_bytes(&shown, public, KEY_LENGTH);
	buf_add(&blob, magic, sizeof(magic));
	put_string(&blob, "none");
	put_string(&blob, "none");
	put_string(&blob, "");
	buf_add(&blob, "\0\0\0\1", 4);
	put_bytes(&blob, shown.data, shown.len);
	put_private(&blob, seed, public);
	buf_str(out, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	base64_encode(out, blob.data, blob.len, BASE64_STANDARD);
	buf_str(out, "\n-----END OPENSSH PRIVATE KEY-----\n");
	buf_free(&shown);
	buf_wipe(&blob);
}

/* Asks nobody: the passphrase is the one that it is given. */
static int
give_passphrase(char *out, int size, int writing, void *arg)
{
	const char *passphrase = arg;
	size_t length = passphrase == NULL ? 0 : strlen(passphrase);

	(void)writing;
	if (passphrase == NULL || length >= (size_t)size)
		return 0;
	(void)strlcpy(out, passphrase, (size_t)size);
	return (int)length;
}

int
openssh_from_pem(const char *pem, const char *passphrase, struct buf *out)
{
	unsigned char seed[KEY_LENGTH], public[KEY_LENGTH];
	size_t length = sizeof(seed), public_length = sizeof(public);
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio,
	    NULL, give_passphrase, (void *)(uintptr_t)passphrase);
	int result = -1;

	if (key != NULL && EVP_PKEY_is_a(key, "ED25519") &&
	    EVP_PKEY_get_raw_private_key(key, seed, &length) == 1 &&
	    EVP_PKEY_get_raw_public_key(key, public, &public_length) == 1) {
		put_key(out, seed, public);
		result = 0;
	}
	explicit_bzero(seed, sizeof(seed));
	ERR_clear_error();
	EVP_PKEY_free(key);
	BIO_free(bio);
	return result;
}
