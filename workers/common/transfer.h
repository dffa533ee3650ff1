/*
 * transfer - one request as libcurl sees it
 *
 * The only place beside http.c that knows libcurl's types: every option is set
 * here, every callback is here, and its results become an answer here.
 */
#ifndef WORKERS_TRANSFER_H
#define WORKERS_TRANSFER_H

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <sys/queue.h>

#include "lib/url.h"

#include "workers/common/http.h"

#define TRANSFER_IDLE_MAX 4	/* s; then a connection is not used again */

struct transfer {
	LIST_ENTRY(transfer) entry;
	struct egress	*egress;	/* borrowed */
	X509_STORE	*store;		/* borrowed */
	int		*highest;	/* borrowed; descriptor of a socket */
	CURL		*easy;		/* borrowed; its handle */
	struct curl_slist *headers;	/* own */
	struct http_request request;
	struct http_answer answer;
	size_t		 header_bytes;
	int64_t		 given;		/* bytes of the body, to libcurl */
	bool		 begun;		/* it is being sent, */
	long		 before;	/* after so many bytes of others, */
	bool		 again;		/* and libcurl was about to repeat it */
	int64_t		 heard;		/* monotonic ms of the last byte */
	bool		 headers_ended;	/* of the last answer */
	int64_t		 told;		/* of the last `moved` */
	int64_t		 sent_at;	/* when all was sent, 0: not yet */
	int64_t		 seen_bytes;
	uint64_t	 seen_below;	/* as the kernel counted them, */
	int64_t		 seen_since;	/* after that `heard` */
	bool		 plain;		/* http:// */
	bool		 in_clear;	/* so, or credentials for a proxy */
	bool		 unforgotten;	/* its handle keeps a secret */
	char		 host[URL_HOST_MAX + 1];	/* resolved here */
	struct why	 denied;	/* EGRESS_DENIED, or nothing */
	char		 error[CURL_ERROR_SIZE];	/* libcurl's words */
};

/* Sets all that the request asks for on its handle.  0, or -1 with *why. */
int	 transfer_set(struct transfer *, struct why *);

/* When to look at it again, at the latest. */
int64_t	 transfer_deadline(const struct transfer *);

/*
 * True if it has been silent, or its answer slow, for too long; `words` say
 * which.
 */
bool	 transfer_overdue(struct transfer *, int64_t now, char *words,
	    size_t size);

/* It has ended: tells so, and frees it.  The handle stays. */
void	 transfer_end(struct transfer *, CURLcode, const char *words);
void	 transfer_free(struct transfer *);

/* Its connection stands: tells so.  It stays with that. */
void	 transfer_open(struct transfer *, struct connection *);
/* Keeps the socket of one that only connected, while libcurl has it. */
void	 transfer_keep_socket(struct transfer *);

/* Notes the TLS version and the certificate, while a connection is at hand. */
void	 transfer_describe_tls(struct transfer *);

/* What libcurl calls; the last argument of each is the transfer. */
curl_socket_t	 transfer_open_socket(void *, curlsocktype,
		    struct curl_sockaddr *);
CURLcode	 transfer_use_store(CURL *, void *context, void *);
size_t	 transfer_read_body(char *out, size_t, size_t, void *);
size_t	 transfer_read_header(char *line, size_t, size_t, void *);
size_t	 transfer_read_answer(char *bytes, size_t, size_t, void *);
int	 transfer_progress(void *, curl_off_t, curl_off_t, curl_off_t,
	    curl_off_t);

#endif
