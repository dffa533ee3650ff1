/*
 * tls - the certificates that are trusted, and whom one talks to
 */
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "lib/hex.h"

#include "workers/common/http.h"
#include "workers/common/tls.h"

X509_STORE *
tls_store(const char *file, struct why *why)
{
	X509_STORE *store = X509_STORE_new();
	const char *bundle = curl_version_info(CURLVERSION_NOW)->cainfo;
	int good;

	if (store == NULL) {
		(void)why_set(why, ERROR_UNAVAILABLE, "no memory for "
		    "certificates");
		return NULL;
	}
	/* One file that is read now, rather than a directory that is looked
	 * into at each handshake. */
	if (file[0] == '\0' && bundle != NULL)
		good = X509_STORE_load_file(store, bundle);
	else
		good = file[0] != '\0' ? X509_STORE_load_file(store, file) :
		    X509_STORE_set_default_paths(store);
	if (good == 1)
		return store;
	X509_STORE_free(store);
	(void)why_set(why, ERROR_CONFIG_ERROR, "no certificates in %s",
	    file[0] != '\0' ? file : "the system's store");
	return NULL;
}

/* The moment at which a certificate ends, wall ms; 0: unknown. */
static int64_t
ends_at(const X509 *certificate)
{
	struct tm tm = { 0 };

	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm) * 1000;
}

/*
 * A name's common name, else its organization, as text that may stand in a
 * log; "" if it has neither.
 */
static void
put_name(const X509_NAME *name, char *out, size_t size)
{
	static const int parts[] = { NID_commonName, NID_organizationName };
	int at = -1, length;
	unsigned char *text = NULL;

	for (size_t i = 0; at == -1 && i < sizeof(parts) / sizeof(*parts); i++)
		at = X509_NAME_get_index_by_NID(name, parts[i], -1);
	if (at == -1)
		return;
	length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(
	    X509_NAME_get_entry(name, at)));
	for (int i = 0; i < length && (size_t)i + 1 < size; i++) {
		out[i] = text[i] >= ' ' && text[i] < 0x7f ? (char)text[i] :
		    '?';
		out[i + 1] = '\0';
	}
	OPENSSL_free(text);
}

void
tls_describe(void *easy, struct http_answer *answer)
{
	struct curl_tlssessioninfo *info = NULL;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	const SSL *ssl;
	X509 *peer;

	if (curl_easy_getinfo((CURL *)easy, CURLINFO_TLS_SSL_PTR, &info) !=
	    CURLE_OK || info == NULL || info->internals == NULL ||
	    info->backend != CURLSSLBACKEND_OPENSSL)
		return;
	ssl = info->internals;
	(void)snprintf(answer->tls, sizeof(answer->tls), "%s",
	    SSL_get_version(ssl));
	peer = SSL_get0_peer_certificate(ssl);
	if (peer == NULL || X509_digest(peer, EVP_sha256(), digest,
	    &length) != 1)
		return;
	if (HEX_SIZE(length) <= sizeof(answer->fingerprint))
		hex_format(digest, length, answer->fingerprint);
	answer->certificate_ends = ends_at(peer);
	put_name(X509_get_issuer_name(peer), answer->issuer,
	    sizeof(answer->issuer));
}
