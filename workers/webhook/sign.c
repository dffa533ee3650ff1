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

int
signature_headers(struct signature *signature, struct buf *lines)
{
	unsigned char mac[MAC_LENGTH];

	if (signature->standard != NULL) {
		if (mac_end(signature->standard, mac) == -1)
			return -1;
		buf_printf(lines, "webhook-id: %s\nwebhook-timestamp: %s\n"
		    "webhook-signature: v1,", signature->id,
		    signature->seconds);
		base64_encode(lines, mac, sizeof(mac), BASE64_STANDARD);
		buf_char(lines, '\n');
	}
	if (signature->x_webhook != NULL) {
		if (mac_end(signature->x_webhook, mac) == -1)
			return -1;
		buf_str(lines, "X-Webhook-Signature: sha256=");
		for (size_t i = 0; i < sizeof(mac); i++)
			buf_printf(lines, "%02x", mac[i]);
		buf_printf(lines, "\nX-Webhook-Timestamp: %s\n"
		    "X-Delivery-Id: %s\n", signature->timestamp,
		    signature->id);
	}
	return 0;
}
