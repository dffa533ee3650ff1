/*
 * sign - the signatures of a webhook
 *
 * HMAC is fetched once: looking it up costs more than a kilobyte's HMAC.
 *
 * Every active secret signs, the current one first, so that a receiver that
 * knows any of them can verify.  HMAC takes the body as it is read.  Ed25519
 * goes over the message twice, so the message is collected; bodies larger than
 * SIGN_COLLECTED_MAX are not signed by it, and the caller sees to it that one
 * message is collected at a time.
 */
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/clock.h"
#include "lib/hex.h"
#include "lib/id.h"
#include "lib/xalloc.h"

#include "workers/webhook/sign.h"

#define MAC_MAX 64		/* bytes */
#define ED25519_LENGTH 64

struct hash {
	const char	*name;		/* as the header has it */
	const char	*digest;	/* as OpenSSL does */
	size_t		 length;	/* bytes of a MAC */
};

static const struct hash hashes[] = {
	{ "sha256", "SHA256", 32 },	/* the first: of standard, too */
	{ "sha512", "SHA512", 64 },
};
#define HASHES (sizeof(hashes) / sizeof(*hashes))
#define STANDARD_HASH (&hashes[0])

struct signer {
	EVP_MAC	*hmac;		/* own */
	const struct hash *x_webhook;
};

/* What one secret makes; NULL: not asked for. */
struct maker {
	EVP_MAC_CTX	*standard, *x_webhook;	/* own */
	EVP_PKEY	*key;		/* own; ed25519 */
};

struct signature {
	struct maker	 makers[SIGNING_SECRETS_MAX];
	size_t		 count;
	bool		 standard, x_webhook;	/* wanted */
	const struct hash *hash;	/* of x_webhook */
	bool		 collects;	/* one of them is ed25519 */
	struct buf	 message;	/* own; what was collected */
	char		 id[ID_LENGTH + 1];
	char		 seconds[24];
	char		 timestamp[CLOCK_TEXT];
};

struct signer *
signer_new(const char *algorithm, struct why *why)
{
	struct signer *signer = xcalloc(1, sizeof(*signer));

	signer->x_webhook = STANDARD_HASH;
	for (size_t i = 0; i < HASHES; i++)
		if (strcmp(hashes[i].name, algorithm) == 0)
			signer->x_webhook = &hashes[i];
	signer->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (signer->hmac == NULL) {
		(void)why_set(why, ERROR_INTERNAL_ERROR, "no HMAC");
		free(signer);
		return NULL;
	}
	return signer;
}

static EVP_MAC_CTX *
mac_new(const struct signer *signer, const struct hash *hash,
    const struct buf *key)
{
	char digest[8];
	OSSL_PARAM params[] = { OSSL_PARAM_END, OSSL_PARAM_END };
	EVP_MAC_CTX *mac = EVP_MAC_CTX_new(signer->hmac);

	/* It measures the name when it is called. */
	(void)snprintf(digest, sizeof(digest), "%s", hash->digest);
	params[0] = OSSL_PARAM_construct_utf8_string("digest", digest, 0);
	if (mac != NULL && EVP_MAC_init(mac, (const unsigned char *)key->data,
	    key->len, params) != 1) {
		EVP_MAC_CTX_free(mac);
		mac = NULL;
	}
	return mac;
}

static int
mac_add(EVP_MAC_CTX *mac, const void *bytes, size_t length)
{
	return mac == NULL ||
	    EVP_MAC_update(mac, bytes, length) == 1 ? 0 : -1;
}

/* What stands before the body. */
static int
mac_begin(EVP_MAC_CTX *mac, const struct buf *before)
{
	return mac != NULL && mac_add(mac, before->data, before->len) == 0 ?
	    0 : -1;
}

/* `standard` and `x_webhook` stand before the body; empty: not wanted. */
static int
maker_begin(struct maker *maker, const struct signer *signer,
    const struct config_secret *secret, const struct buf *standard,
    const struct buf *x_webhook)
{
	if (secret->ed25519) {
		maker->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519,
		    NULL, (const unsigned char *)secret->key.data,
		    secret->key.len);
		return maker->key != NULL ? 0 : -1;
	}
	if (standard->len > 0) {
		maker->standard = mac_new(signer, STANDARD_HASH,
		    &secret->key);
		if (mac_begin(maker->standard, standard) == -1)
			return -1;
	}
	if (x_webhook->len > 0) {
		maker->x_webhook = mac_new(signer, signer->x_webhook,
		    &secret->key);
		if (mac_begin(maker->x_webhook, x_webhook) == -1)
			return -1;
	}
	return 0;
}

static int
signature_begin(struct signature *signature, const struct signer *signer,
    const struct config *config, size_t count)
{
	struct buf standard = { 0 }, x_webhook = { 0 };
	int result = 0;

	if (signature->standard)
		buf_printf(&standard, "%s.%s.", signature->id,
		    signature->seconds);
	if (signature->x_webhook)
		buf_printf(&x_webhook, "%s.", signature->timestamp);
	while (signature->count < count && result == 0) {
		struct maker *maker = &signature->makers[signature->count];

		result = maker_begin(maker, signer,
		    &config->secrets[signature->count++], &standard,
		    &x_webhook);
		signature->collects |= maker->key != NULL;
	}
	if (signature->collects) {
		signature->message.max = standard.len + SIGN_COLLECTED_MAX;
		buf_add(&signature->message, standard.data, standard.len);
	}
	buf_free(&standard);
	buf_free(&x_webhook);
	return result;
}

struct signature *
signature_new(const struct signer *signer, const struct config *config,
    size_t count, const char *id, struct why *why)
{
	struct signature *signature = xcalloc(1, sizeof(*signature));
	int64_t now = clock_wall();

	(void)snprintf(signature->id, sizeof(signature->id), "%s", id);
	(void)snprintf(signature->seconds, sizeof(signature->seconds), "%lld",
	    (long long)(now / 1000));
	clock_format(now, signature->timestamp);
	signature->standard = config->standard;
	signature->x_webhook = config->x_webhook;
	signature->hash = signer->x_webhook;
	if (count > config->secret_count)
		count = config->secret_count;
	if (signature_wanted(signature) &&
	    signature_begin(signature, signer, config, count) == -1) {
		signature_free(&signature);
		(void)why_set(why, ERROR_INTERNAL_ERROR,
		    "OpenSSL cannot sign");
	}
	return signature;
}

void
signature_free(struct signature **signature)
{
	if (*signature == NULL)
		return;
	for (size_t i = 0; i < (*signature)->count; i++) {
		EVP_MAC_CTX_free((*signature)->makers[i].standard);
		EVP_MAC_CTX_free((*signature)->makers[i].x_webhook);
		EVP_PKEY_free((*signature)->makers[i].key);
	}
	buf_free(&(*signature)->message);
	free(*signature);
	*signature = NULL;
}

bool
signature_wanted(const struct signature *signature)
{
	return signature->standard || signature->x_webhook;
}

bool
signature_collects(const struct signature *signature)
{
	return signature->collects;
}

int
signature_update(struct signature *signature, const void *bytes,
    size_t length, struct why *why)
{
	for (size_t i = 0; i < signature->count; i++)
		if (mac_add(signature->makers[i].standard, bytes,
		    length) == -1 || mac_add(signature->makers[i].x_webhook,
		    bytes, length) == -1)
			return why_set(why, ERROR_INTERNAL_ERROR,
			    "HMAC failed");
	if (!signature->collects)
		return 0;
	buf_add(&signature->message, bytes, length);
	return !signature->message.overflow ? 0 : why_set(why,
	    ERROR_VALIDATION_ERROR, "the body is larger than the %d bytes "
	    "that an ed25519 key signs here", SIGN_COLLECTED_MAX);
}

static int
mac_end(EVP_MAC_CTX *mac, const struct hash *hash, unsigned char *out)
{
	size_t length;

	return EVP_MAC_final(mac, out, &length, MAC_MAX) == 1 &&
	    length == hash->length ? 0 : -1;
}

/* `v1,<base64>`, or `v1a,<base64>` of an ed25519 key. */
static int
maker_standard(const struct maker *maker, const struct buf *message,
    struct buf *out)
{
	unsigned char bytes[MAC_MAX];
	size_t length = ED25519_LENGTH;
	EVP_MD_CTX *context;
	int good;

	if (maker->key == NULL) {
		if (mac_end(maker->standard, STANDARD_HASH, bytes) == -1)
			return -1;
		buf_str(out, "v1,");
		base64_encode(out, bytes, STANDARD_HASH->length,
		    BASE64_STANDARD);
		return 0;
	}
	context = EVP_MD_CTX_new();
	good = context != NULL && EVP_DigestSignInit(context, NULL, NULL,
	    NULL, maker->key) == 1 && EVP_DigestSign(context, bytes, &length,
	    (const unsigned char *)message->data, message->len) == 1;
	EVP_MD_CTX_free(context);
	if (!good)
		return -1;
	buf_str(out, "v1a,");
	base64_encode(out, bytes, length, BASE64_STANDARD);
	return 0;
}

/* `sha256=<hex>` */
static int
maker_x_webhook(const struct maker *maker, const struct hash *hash,
    struct buf *out)
{
	unsigned char mac[MAC_MAX];
	char hex[HEX_SIZE(MAC_MAX)];

	if (mac_end(maker->x_webhook, hash, mac) == -1)
		return -1;
	hex_format(mac, hash->length, hex);
	buf_printf(out, "%s=%s", hash->name, hex);
	return 0;
}

static int
set_standard(struct signature *signature, struct headers *headers,
    const char *value, struct why *why)
{
	if (headers_set(headers, "webhook-id", signature->id, why) == -1 ||
	    headers_set(headers, "webhook-timestamp", signature->seconds,
	    why) == -1)
		return -1;
	return headers_set(headers, "webhook-signature", value, why);
}

static int
set_x_webhook(struct signature *signature, struct headers *headers,
    const char *value, struct why *why)
{
	if (headers_set(headers, "X-Webhook-Signature", value, why) == -1 ||
	    headers_set(headers, "X-Webhook-Timestamp", signature->timestamp,
	    why) == -1)
		return -1;
	return headers_set(headers, "X-Delivery-Id", signature->id, why);
}

int
signature_headers(struct signature *signature, struct headers *headers,
    struct why *why)
{
	struct buf standard = { 0 }, x_webhook = { 0 };
	int result = 0;

	for (size_t i = 0; i < signature->count && result == 0; i++) {
		const struct maker *maker = &signature->makers[i];

		if (i > 0)
			buf_char(&standard, ' ');
		if (i > 0)
			buf_char(&x_webhook, ',');
		if (signature->standard)
			result = maker_standard(maker, &signature->message,
			    &standard);
		if (signature->x_webhook && result == 0)
			result = maker_x_webhook(maker, signature->hash,
			    &x_webhook);
	}
	if (result == -1)
		(void)why_set(why, ERROR_INTERNAL_ERROR,
		    "OpenSSL cannot sign");
	if (result == 0 && signature->standard)
		result = set_standard(signature, headers, standard.data, why);
	if (result == 0 && signature->x_webhook)
		result = set_x_webhook(signature, headers, x_webhook.data,
		    why);
	buf_free(&standard);
	buf_free(&x_webhook);
	return result;
}
