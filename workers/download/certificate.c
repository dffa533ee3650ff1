/*
 * certificate - what the listener shows for TLS
 */
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/certificate.h"
#include "lib/xalloc.h"

#include "workers/download/certificate.h"

#define FILE_MAX (256 * 1024)	/* bytes */
#define DAY (24LL * 60 * 60 * 1000)

/* All of a file, or NULL with *why. */
static char *
file_read(const char *setting, const char *path, struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = xcalloc(1, FILE_MAX + 1);
	ssize_t got = 1;
	size_t length = 0;

	while (fd != -1 && got > 0 && length < FILE_MAX) {
		got = read(fd, text + length, FILE_MAX - length);
		length += got > 0 ? (size_t)got : 0;
	}
	if (fd == -1 || got != 0) {
		if (fd != -1 && got > 0)
			(void)why_set(why, ERROR_CONFIG_ERROR, "download.%s: "
			    "%s is longer than %d bytes", setting, path,
			    FILE_MAX - 1);
		else
			(void)why_errno(why, "download.%s: read %s", setting,
			    path);
		why->code = ERROR_CONFIG_ERROR;
		explicit_bzero(text, FILE_MAX);
		free(text);
		text = NULL;
	}
	if (fd != -1)
		(void)close(fd);
	return text;
}

static int
certificate_until(struct certificate *certificate, const X509 *x509)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(x509), &tm) != 1)
		return -1;
	certificate->until = (int64_t)timegm(&tm) * 1000;
	return 0;
}

/* GnuTLS takes a key of another certificate, and fails at each handshake. */
static int
certificate_check(struct certificate *certificate, struct why *why)
{
	BIO *chain = BIO_new_mem_buf(certificate->chain, -1);
	X509 *x509 = chain == NULL ? NULL :
	    PEM_read_bio_X509(chain, NULL, NULL, NULL);
	EVP_PKEY *private = private_key_parse(certificate->key);
	int result = 0;

	if (x509 == NULL || certificate_until(certificate, x509) == -1)
		result = why_set(why, ERROR_CONFIG_ERROR,
		    "download.tls_certificate: no certificate in PEM");
	else if (private == NULL)
		result = why_set(why, ERROR_CONFIG_ERROR,
		    "download.tls_key: no private key in PEM without a "
		    "password");
	else if (X509_check_private_key(x509, private) != 1)
		result = why_set(why, ERROR_CONFIG_ERROR, "download.tls_key: "
		    "it does not belong to download.tls_certificate");
	X509_free(x509);
	EVP_PKEY_free(private);
	(void)BIO_free(chain);
	return result;
}

int
certificate_read(struct certificate *certificate, const char *chain,
    const char *key, struct why *why)
{
	*certificate = (struct certificate){ 0 };
	if (*chain == '\0' && *key == '\0')
		return 0;
	if (*chain == '\0' || *key == '\0')
		return why_set(why, ERROR_CONFIG_ERROR,
		    "download.tls_certificate and download.tls_key: one needs "
		    "the other");
	certificate->chain = file_read("tls_certificate", chain, why);
	if (certificate->chain == NULL)
		return -1;
	certificate->key = file_read("tls_key", key, why);
	if (certificate->key == NULL)
		return -1;
	return certificate_check(certificate, why);
}

void
certificate_wipe_key(struct certificate *certificate)
{
	if (certificate->key != NULL)
		explicit_bzero(certificate->key, FILE_MAX);
	free(certificate->key);
	certificate->key = NULL;
}

int
certificate_days(const struct certificate *certificate, int64_t now)
{
	int64_t left = certificate->until - now;

	return (int)(left < 0 ? -1 - -left / DAY : left / DAY);
}
