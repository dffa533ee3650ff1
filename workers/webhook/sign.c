/*
 * sign - the signatures of a webhook
 *
 * HMAC is fetched once: looking it up costs more than a kilobyte's HMAC.
 */
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/clock.h"
#include "lib/id.h"
#include "lib/xalloc.h"

#include "workers/webhook/sign.h"

#define MAC_LENGTH 32

struct signer {
	EVP_MAC	*hmac;		/* own */
};

struct signature {
	EVP_MAC_CTX	*standard, *x_webhook;	/* own; NULL: not asked for */
	char		 id[ID_LENGTH + 1];
	char		 seconds[24];
	char		 timestamp[CLOCK_TEXT];
};

struct signer *
signer_new(struct why *why)
{
	struct signer *signer = xcalloc(1, sizeof(*signer));

	signer->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (signer->hmac == NULL) {
		(void)why_set(why, ERROR_INTERNAL_ERROR, "no HMAC");
		free(signer);
		return NULL;
	}
	return signer;
}

static EVP_MAC_CTX *
mac_new(const struct signer *signer, const struct buf *key)
{
	char sha256[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("digest", sha256, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *mac = EVP_MAC_CTX_new(signer->hmac);

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

struct signature *
signature_new(const struct signer *signer, const struct config *config,
    const char *id, int64_t at, struct why *why)
{
	struct signature *signature = xcalloc(1, sizeof(*signature));
	bool good = true;

	(void)snprintf(signature->id, sizeof(signature->id), "%s", id);
	(void)snprintf(signature->seconds, sizeof(signature->seconds), "%lld",
	    (long long)(at / 1000));
	clock_format(at, signature->timestamp);
	if (config->standard) {
		signature->standard = mac_new(signer, &config->secret);
		good = signature->standard != NULL &&
		    mac_add(signature->standard, id, strlen(id)) == 0 &&
		    mac_add(signature->standard, ".", 1) == 0 &&
		    mac_add(signature->standard, signature->seconds,
		    strlen(signature->seconds)) == 0 &&
		    mac_add(signature->standard, ".", 1) == 0;
	}
	if (good && config->x_webhook) {
		signature->x_webhook = mac_new(signer, &config->secret);
		good = signature->x_webhook != NULL &&
		    mac_add(signature->x_webhook, signature->timestamp,
		    strlen(signature->timestamp)) == 0 &&
		    mac_add(signature->x_webhook, ".", 1) == 0;
	}
	if (!good) {
		signature_free(&signature);
		(void)why_set(why, ERROR_INTERNAL_ERROR, "HMAC failed");
	}
	return signature;
}

void
signature_free(struct signature **signature)
{
	if (*signature == NULL)
		return;
	EVP_MAC_CTX_free((*signature)->standard);
	EVP_MAC_CTX_free((*signature)->x_webhook);
	free(*signature);
	*signature = NULL;
}

bool
signature_wanted(const struct signature *signature)
{
	return signature->standard != NULL || signature->x_webhook != NULL;
}

int
signature_update(struct signature *signature, const void *bytes,
    size_t length)
{
	return mac_add(signature->standard, bytes, length) == 0 &&
	    mac_add(signature->x_webhook, bytes, length) == 0 ? 0 : -1;
}

static int
mac_end(EVP_MAC_CTX *mac, unsigned char out[MAC_LENGTH])
{
	size_t length;

	return EVP_MAC_final(mac, out, &length, MAC_LENGTH) == 1 &&
	    length == MAC_LENGTH ? 0 : -1;
}

/* `v1,<base64>` */
static int
set_standard(struct signature *signature, struct headers *headers,
    struct why *why)
{
	unsigned char mac[MAC_LENGTH];
	struct buf value = { 0 };
	int result;

	if (mac_end(signature->standard, mac) == -1)
		return why_set(why, ERROR_INTERNAL_ERROR, "HMAC failed");
	buf_str(&value, "v1,");
	base64_encode(&value, mac, sizeof(mac), BASE64_STANDARD);
	result = headers_set(headers, "webhook-id", signature->id, why);
	if (result == 0)
		result = headers_set(headers, "webhook-timestamp",
		    signature->seconds, why);
	if (result == 0)
		result = headers_set(headers, "webhook-signature", value.data,
		    why);
	buf_free(&value);
	return result;
}

/* `sha256=<hex>` */
static int
set_x_webhook(struct signature *signature, struct headers *headers,
    struct why *why)
{
	unsigned char mac[MAC_LENGTH];
	struct buf value = { 0 };
	int result;

	if (mac_end(signature->x_webhook, mac) == -1)
		return why_set(why, ERROR_INTERNAL_ERROR, "HMAC failed");
	buf_str(&value, "sha256=");
	for (size_t i = 0; i < sizeof(mac); i++)
		buf_printf(&value, "%02x", mac[i]);
	result = headers_set(headers, "X-Webhook-Signature", value.data, why);
	if (result == 0)
		result = headers_set(headers, "X-Webhook-Timestamp",
		    signature->timestamp, why);
	if (result == 0)
		result = headers_set(headers, "X-Delivery-Id", signature->id,
		    why);
	buf_free(&value);
	return result;
}

int
signature_headers(struct signature *signature, struct headers *headers,
    struct why *why)
{
	if (signature->standard != NULL &&
	    set_standard(signature, headers, why) == -1)
		return -1;
	return signature->x_webhook == NULL ? 0 :
	    set_x_webhook(signature, headers, why);
}
