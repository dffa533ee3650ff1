/*
 * tls - the certificates that are trusted, and whom one talks to
 */
#ifndef WORKERS_TLS_H
#define WORKERS_TLS_H

#include <stddef.h>

#include "lib/why.h"

struct x509_store_st;

/* Loads `file`, or the system's certificates if it is "".  NULL with *why. */
struct x509_store_st	*tls_store(const char *file, struct why *);

/*
 * The TLS version of a libcurl handle's connection and the SHA-256 of its
 * peer's certificate, in hex; "" where there is none.
 */
void	 tls_describe(void *easy, char *version, size_t version_size,
	    char *fingerprint, size_t fingerprint_size);

#endif
