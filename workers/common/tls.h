/*
 * tls - the certificates that are trusted, and whom one talks to
 */
#ifndef WORKERS_TLS_H
#define WORKERS_TLS_H

#include "lib/why.h"

struct http_answer;
struct x509_store_st;

/* Loads `file`, or the system's certificates if it is "".  NULL with *why. */
struct x509_store_st	*tls_store(const char *file, struct why *);

/* What TLS a libcurl handle's connection has, if it has any, and with whom. */
void	 tls_describe(void *easy, struct http_answer *);

#endif
