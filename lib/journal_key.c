/*
 * journal_key - the Ed25519 key that signs the journal
 *
 * The old private part is overwritten in place before the new file takes its
 * name: whoever takes the machine today must not find yesterday's key.  (On a
 * file system that copies on write the old block may live on until it is used
 * again; there is no better way to ask for it.)
 */
#include "lib/journal_key.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "lib/base64.h"
#include "lib/xalloc.h"

#define KEY_LENGTH 32
#define SIGNATURE_LENGTH 64

struct journal_key {
	EVP_PKEY	*pair;		/* own */
	char		 public[JOURNAL_KEY_TEXT + 1];
};

/* The bytes of a base64 text, exactly `length` of them.  0 or -1. */
static int
read_base64(const char *text, uint8_t *out, size_t length)
{
	struct buf bytes = { 0 };
	int r = -1;

	if (base64_decode(&bytes, text, strlen(text), BASE64_STANDARD) == 0 &&
	    bytes.len == length) {
		memcpy(out, bytes.data, length);
		r = 0;
	}
	buf_wipe(&bytes);
	return r;
}

/* Writes `digits` characters and a NUL. */
static void
write_base64(const uint8_t *bytes, size_t length, char *out, size_t digits)
{
	struct buf text = { 0 };

	base64_encode(&text, bytes, length, BASE64_STANDARD);
	assert(text.len == digits);
	memcpy(out, text.data, digits + 1);
	buf_wipe(&text);
}

/* Takes over `pair`. */
static struct journal_key *
key_wrap(EVP_PKEY *pair)
{
	struct journal_key *key;
	uint8_t raw[KEY_LENGTH];
	size_t length = sizeof(raw);

	if (pair == NULL)
		return NULL;
	if (EVP_PKEY_get_raw_public_key(pair, raw, &length) != 1) {
		EVP_PKEY_free(pair);
		return NULL;
	}
	key = xcalloc(1, sizeof(*key));
	key->pair = pair;
	write_base64(raw, length, key->public, JOURNAL_KEY_TEXT);
	return key;
}

struct journal_key *
journal_key_new(struct why *why)
{
	struct journal_key *key =
	    key_wrap(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));

	if (key == NULL)
		why_set(why, ERROR_INTERNAL_ERROR,
		    "OpenSSL made no Ed25519 key");
	return key;
}

void
journal_key_free(struct journal_key **kp)
{
	struct journal_key *key = *kp;

	*kp = NULL;
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pair);	/* wipes the private part */
	free(key);
}

const char *
journal_key_public(const struct journal_key *key)
{
	return key->public;
}

/* Reads the one line of a key file.  1, 0 if it holds none, -1 with *why. */
static int
read_key_line(const char *path, char out[JOURNAL_KEY_TEXT + 1],
    struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	out[0] = '\0';
	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1)
		return why_errno(why, "open %s", path);
	n = read(fd, out, JOURNAL_KEY_TEXT);
	if (n == -1)
		why_errno(why, "read %s", path);
	close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n == -1 ? -1 : n == JOURNAL_KEY_TEXT;
}

static int
read_private(const char *path, struct journal_key **key_r, struct why *why)
{
	char text[JOURNAL_KEY_TEXT + 1];
	uint8_t raw[KEY_LENGTH];
	int r = read_key_line(path, text, why);

	*key_r = NULL;
	if (r == 1 && read_base64(text, raw, sizeof(raw)) == 0)
		*key_r = key_wrap(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519,
		    NULL, raw, sizeof(raw)));
	OPENSSL_cleanse(text, sizeof(text));
	OPENSSL_cleanse(raw, sizeof(raw));
	if (r == -1)
		return -1;
	return *key_r != NULL;
}

static char *
new_path(const char *path)
{
	return xasprintf("%s.new", path);
}

static int
sync_directory_of(const char *path, struct why *why)
{
	char *copy = xstrdup(path);
	const char *name = dirname(copy);
	int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd == -1 || fsync(fd) == -1)
		r = why_errno(why, "sync %s", name);
	if (fd != -1)
		close(fd);
	free(copy);
	return r;
}

/* Writes `text` and a newline into a file and syncs it and its directory. */
static int
write_line(const char *path, int flags, mode_t mode, const char *text,
    struct why *why)
{
	char line[JOURNAL_KEY_TEXT + 1];
	int fd = open(path, flags | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, mode);
	int r = 0;

	if (fd == -1)
		return why_errno(why, "create %s", path);
	memcpy(line, text, JOURNAL_KEY_TEXT);
	line[JOURNAL_KEY_TEXT] = '\n';
	errno = ENOSPC;		/* of a short write */
	if (write(fd, line, sizeof(line)) != (ssize_t)sizeof(line) ||
	    fsync(fd) == -1)
		r = why_errno(why, "write %s", path);
	OPENSSL_cleanse(line, sizeof(line));
	close(fd);
	return r == 0 ? sync_directory_of(path, why) : -1;
}

int
journal_key_store(const struct journal_key *key, const char *path,
    struct why *why)
{
	char text[JOURNAL_KEY_TEXT + 1];
	uint8_t raw[KEY_LENGTH];
	size_t length = sizeof(raw);
	char *name;
	int r;

	if (EVP_PKEY_get_raw_private_key(key->pair, raw, &length) != 1)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "OpenSSL does not give the private key");
	write_base64(raw, length, text, JOURNAL_KEY_TEXT);
	name = new_path(path);
	r = write_line(name, O_CREAT | O_TRUNC, 0600, text, why);
	free(name);
	OPENSSL_cleanse(raw, sizeof(raw));
	OPENSSL_cleanse(text, sizeof(text));
	return r;
}

/* Overwrites a key file's bytes; one that is not there is wiped already. */
static int
wipe_file(const char *path, struct why *why)
{
	char zeros[JOURNAL_KEY_TEXT];

	if (access(path, F_OK) == -1 && errno == ENOENT)
		return 0;
	memset(zeros, '0', sizeof(zeros));
	return write_line(path, 0, 0, zeros, why);
}

int
journal_key_install(const char *path, struct why *why)
{
	char *name = new_path(path);
	int r = 0;

	if (access(name, F_OK) == 0) {
		r = wipe_file(path, why);
		if (r == 0 && rename(name, path) == -1)
			r = why_errno(why, "rename %s to %s", name, path);
		if (r == 0)
			r = sync_directory_of(path, why);
	}
	free(name);
	return r;
}

/* Removes a <path>.new that never came to be used. */
static int
discard_new(const char *path, struct why *why)
{
	char *name = new_path(path);
	int r = 0;

	if (access(name, F_OK) == 0) {
		r = wipe_file(name, why);
		if (r == 0 && unlink(name) == -1)
			r = why_errno(why, "remove %s", name);
	}
	free(name);
	return r;
}

/* Whether it is the key that is wanted; freed if not. */
static bool
key_fits(struct journal_key **key, const char *public)
{
	if (*key != NULL && public != NULL &&
	    strcmp((*key)->public, public) != 0)
		journal_key_free(key);
	return *key != NULL;
}

int
journal_key_load(const char *path, const char *public,
    struct journal_key **key_r, struct why *why)
{
	char *name = new_path(path);
	int r = read_private(path, key_r, why);

	if (r != -1 && key_fits(key_r, public)) {
		r = discard_new(path, why) == -1 ? -1 : 1;
	} else if (r != -1) {
		r = read_private(name, key_r, why);
		if (r != -1)
			r = key_fits(key_r, public);
		if (r == 1 && journal_key_install(path, why) == -1)
			r = -1;
	}
	if (r == -1)
		journal_key_free(key_r);
	free(name);
	return r;
}

int
journal_key_publish(const struct journal_key *key, const char *path,
    struct why *why)
{
	return write_line(path, O_CREAT | O_TRUNC, 0644, key->public, why);
}

int
journal_key_read_public(const char *path, char out[JOURNAL_KEY_TEXT + 1],
    struct why *why)
{
	uint8_t raw[KEY_LENGTH];
	int r = read_key_line(path, out, why);

	if (r == -1)
		return -1;
	if (r == 0 || read_base64(out, raw, sizeof(raw)) == -1)
		return why_set(why, ERROR_CONFIG_ERROR,
		    "%s: no public key is there", path);
	return 0;
}

void
journal_key_sign(const struct journal_key *key, const struct buf *text,
    char out[JOURNAL_SIGNATURE_TEXT + 1])
{
	uint8_t signature[SIGNATURE_LENGTH];
	size_t length = sizeof(signature);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	/* A whole key and a context cannot fail to sign. */
	int ok = context != NULL && EVP_DigestSignInit(context, NULL, NULL,
	    NULL, key->pair) == 1 && EVP_DigestSign(context, signature, &length,
	    (const unsigned char *)text->data, text->len) == 1;

	assert(ok && length == sizeof(signature));
	write_base64(signature, length, out, JOURNAL_SIGNATURE_TEXT);
	EVP_MD_CTX_free(context);
}

bool
journal_key_verifies(const char *public, const struct buf *text,
    const char *signature)
{
	uint8_t raw[KEY_LENGTH], bytes[SIGNATURE_LENGTH];
	EVP_PKEY *key;
	EVP_MD_CTX *context;
	bool good;

	if (read_base64(public, raw, sizeof(raw)) == -1 ||
	    read_base64(signature, bytes, sizeof(bytes)) == -1)
		return false;
	key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw,
	    sizeof(raw));
	context = EVP_MD_CTX_new();
	good = key != NULL && context != NULL &&
	    EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
	    EVP_DigestVerify(context, bytes, sizeof(bytes),
		(const unsigned char *)text->data, text->len) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}
