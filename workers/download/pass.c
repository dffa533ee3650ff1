/*
 * pass - the cookie with which a fetch that was counted goes on
 *
 * The cookie is `fetch-LINK=SERIAL.UNTIL.MAC`: LINK the beginning of the link's
 * digest, since a browser sends those of several links at once.
 */
#include <sys/queue.h>

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/hex.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "workers/download/pass.h"

#define KEY_LENGTH 32
#define LINK_BYTES 8		/* of the digest in the cookie's name */
#define NAME_SIZE (sizeof("fetch-") + 2 * LINK_BYTES)

struct kept {
	TAILQ_ENTRY(kept) entry;
	struct pass	 pass;
	int64_t		 left;		/* bytes */
};

struct passes {
	uint8_t		 key[KEY_LENGTH];
	TAILQ_HEAD(kepts, kept) kept;	/* oldest first */
	size_t		 count;
};

struct passes *
passes_new(struct why *why)
{
	struct passes *passes = xcalloc(1, sizeof(*passes));

	TAILQ_INIT(&passes->kept);
	if (RAND_bytes(passes->key, sizeof(passes->key)) != 1) {
		(void)why_set(why, ERROR_UNAVAILABLE, "no random numbers");
		passes_free(&passes);
	}
	return passes;
}

static void
kept_drop(struct passes *passes, struct kept *kept)
{
	TAILQ_REMOVE(&passes->kept, kept, entry);
	passes->count--;
	free(kept);
}

void
passes_free(struct passes **passes)
{
	struct kept *kept, *next;

	if (*passes == NULL)
		return;
	TAILQ_FOREACH_SAFE(kept, &(*passes)->kept, entry, next)
		kept_drop(*passes, kept);
	OPENSSL_cleanse((*passes)->key, sizeof((*passes)->key));
	free(*passes);
	*passes = NULL;
}

static struct kept *
kept_find(const struct passes *passes, uint64_t serial)
{
	struct kept *kept;

	TAILQ_FOREACH_REVERSE(kept, &passes->kept, kepts, entry)
		if (kept->pass.serial == serial)
			break;
	return kept;
}

static void
pass_name(const uint8_t link[SHA256_LENGTH], char name[NAME_SIZE])
{
	char digits[HEX_SIZE(LINK_BYTES)];

	hex_format(link, LINK_BYTES, digits);
	(void)snprintf(name, NAME_SIZE, "fetch-%s", digits);
}

/* Appends SERIAL.UNTIL.MAC. */
static void
pass_value(const struct passes *passes, const uint8_t link[SHA256_LENGTH],
    uint64_t serial, int64_t until, struct buf *out)
{
	char text[64];
	uint8_t signed_text[SHA256_LENGTH + sizeof(text)];
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	int n = snprintf(text, sizeof(text), "%" PRIu64 ".%" PRId64, serial,
	    until);

	memcpy(signed_text, link, SHA256_LENGTH);
	memcpy(signed_text + SHA256_LENGTH, text, (size_t)n);
	if (HMAC(EVP_sha256(), passes->key, KEY_LENGTH, signed_text,
	    SHA256_LENGTH + (size_t)n, mac, &length) == NULL)
		log_fatal(error_exit_status(ERROR_INTERNAL_ERROR),
		    "HMAC failed");
	buf_printf(out, "%s.", text);
	base64_encode(out, mac, length, BASE64_URL);
}

void
passes_grant(struct passes *passes, const struct pass *pass, int64_t now,
    struct buf *cookie)
{
	struct kept *kept = xcalloc(1, sizeof(*kept));
	char name[NAME_SIZE];

	if (passes->count >= PASSES_MAX)
		kept_drop(passes, TAILQ_FIRST(&passes->kept));
	kept->pass = *pass;
	kept->left = pass->size > INT64_MAX / 2 ? INT64_MAX : 2 * pass->size;
	TAILQ_INSERT_TAIL(&passes->kept, kept, entry);
	passes->count++;
	pass_name(pass->link, name);
	buf_printf(cookie, "%s=", name);
	pass_value(passes, pass->link, pass->serial, now + PASS_TIME, cookie);
}

/* Reads `SERIAL.UNTIL.` at the beginning; 0 or -1. */
static int
value_read(const char *text, uint64_t *serial, int64_t *until)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	*serial = strtoull(text, &end, 10);
	if (*end != '.' || end[1] < '0' || end[1] > '9')
		return -1;
	*until = strtoll(end + 1, &end, 10);
	return *end == '.' ? 0 : -1;
}

/* Whether this value is one that was given out for the link. */
static bool
value_good(const struct passes *passes, const uint8_t link[SHA256_LENGTH],
    const char *value, size_t length, int64_t now, struct pass *pass)
{
	struct buf expected = { 0 };
	const struct kept *kept;
	char text[PASS_TEXT];
	uint64_t serial;
	int64_t until;
	bool good;

	if (length >= sizeof(text))
		return false;
	memcpy(text, value, length);
	text[length] = '\0';
	if (value_read(text, &serial, &until) == -1 || until <= now)
		return false;
	pass_value(passes, link, serial, until, &expected);
	good = expected.len == length &&
	    CRYPTO_memcmp(expected.data, text, length) == 0;
	buf_free(&expected);
	kept = good ? kept_find(passes, serial) : NULL;
	if (kept == NULL || (kept->left <= 0 && kept->pass.size > 0))
		return false;
	*pass = kept->pass;
	return true;
}

bool
passes_find(const struct passes *passes, const uint8_t link[SHA256_LENGTH],
    const char *cookies, int64_t now, struct pass *pass)
{
	char name[NAME_SIZE];
	size_t wanted;

	pass_name(link, name);
	wanted = strlen(name);
	while (*cookies != '\0') {
		size_t length;

		cookies += strspn(cookies, " \t;,");
		length = strcspn(cookies, " \t;,");
		if (length > wanted && cookies[wanted] == '=' &&
		    memcmp(cookies, name, wanted) == 0 &&
		    value_good(passes, link, cookies + wanted + 1,
		    length - wanted - 1, now, pass))
			return true;
		cookies += length;
	}
	return false;
}

bool
passes_spend(struct passes *passes, uint64_t serial, int64_t bytes)
{
	struct kept *kept = kept_find(passes, serial);

	if (kept == NULL || kept->left < bytes)
		return false;
	kept->left -= bytes;
	/* Who goes on is not the next to be forgotten. */
	TAILQ_REMOVE(&passes->kept, kept, entry);
	TAILQ_INSERT_TAIL(&passes->kept, kept, entry);
	return true;
}

void
passes_return(struct passes *passes, uint64_t serial, int64_t bytes)
{
	struct kept *kept = kept_find(passes, serial);

	if (kept != NULL)
		kept->left += bytes;
}
