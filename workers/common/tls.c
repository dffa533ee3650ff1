/*
 * tls - the certificates that are trusted, and whom one talks to
 */
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <stdio.h>

#include "lib/hex.h"

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

void
tls_describe(void *easy, char *version, size_t version_size,
    char *fingerprint, size_t fingerprint_size)
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
	(void)snprintf(version, version_size, "%s", SSL_get_version(ssl));
	peer = SSL_get0_peer_certificate(ssl);
	if (peer == NULL || X509_digest(peer, EVP_sha256(), digest,
	    &length) != 1)
		return;
	if (HEX_SIZE(length) <= fingerprint_size)
		hex_format(digest, length, fingerprint);
}
