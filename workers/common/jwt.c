/*
 * jwt - a claim signed with an RSA key
 */
#include <openssl/err.h>
#include <openssl/evp.h>

#include <string.h>

#include "lib/base64.h"
#include "lib/certificate.h"
#include "lib/json.h"

#include "workers/common/jwt.h"

#define SIGNATURE_MAX 2048	/* bytes; of a key of 16384 bits */

/* The key, or NULL if it is no RSA key. */
static EVP_PKEY *
read_key(const char *pem)
{
	EVP_PKEY *key = private_key_parse(pem);

	if (key != NULL && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static void
put_part(struct buf *out, struct buf *json)
{
	json_close(json, '}');
	base64_encode(out, json->data, json->len, BASE64_URL);
	buf_free(json);
}

/* Header and claims, as they are signed. */
static void
put_claims(const struct jwt *jwt, struct buf *out)
{
	struct buf json = { 0 };

	json_open(&json, NULL, '{');
	json_put_string(&json, "alg", "RS256");
	json_put_string(&json, "typ", "JWT");
	json_put_string(&json, "kid", jwt->key_id);
	put_part(out, &json);
	buf_char(out, '.');
	json_open(&json, NULL, '{');
	json_put_string(&json, "iss", jwt->issuer);
	json_put_string(&json, "scope", jwt->scope);
	json_put_string(&json, "aud", jwt->audience);
	json_put_integer(&json, "iat", jwt->now);
	json_put_integer(&json, "exp", jwt->now + jwt->life);
	put_part(out, &json);
}

int
jwt_sign(const struct jwt *jwt, struct buf *out, struct why *why)
{
	EVP_PKEY *key = read_key(jwt->key);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t signature[SIGNATURE_MAX];
	size_t length = sizeof(signature), from = out->len;
	int result = -1;

	put_claims(jwt, out);
	if (key == NULL)
		(void)why_set(why, ERROR_CONFIG_ERROR,
		    "the private_key of the credentials is no RSA key");
	else if (context == NULL || EVP_DigestSignInit(context, NULL,
	    EVP_sha256(), NULL, key) != 1 || EVP_DigestSign(context,
	    signature, &length, (const unsigned char *)out->data + from,
	    out->len - from) != 1)
		(void)why_set(why, ERROR_INTERNAL_ERROR, "RS256 failed");
	else {
		buf_char(out, '.');
		base64_encode(out, signature, length, BASE64_URL);
		result = 0;
	}
	ERR_clear_error();
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return result;
}
