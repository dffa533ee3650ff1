/*
 * http - requests over kept connections, as many at once as are asked for
 *
 * libcurl's multi interface with what spoold asks of every request: only http
 * and https (and connections for whoever speaks something else), no redirects,
 * no proxy but the one given, certificates and names always checked, the
 * address checked against the egress policy when it is connected to, and an end
 * to every way of being slow.  A small body goes out in one piece with its
 * headers; a larger one is read from a callback, so it never is in memory.
 */
#ifndef WORKERS_HTTP_H
#define WORKERS_HTTP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/egress.h"
#include "lib/why.h"

#define HTTP_BODY_MAX (64 * 1024)	/* bytes read of an answer's body */
#define HTTP_HEADERS_MAX (64 * 1024)	/* and of its headers */

struct http;				/* opaque */
struct connection;			/* opaque */

/* What is known when a request has ended. */
struct http_answer {
	int		 status;	/* 0: none came */
	enum error	 error;		/* why none came, or ERROR_NONE */
	char		 words[768];	/* about that, without secrets */
	bool		 all_sent;	/* the whole body left this machine */
	int64_t		 resolved, connected, secured;	/* ms from the start;
					 * -1: it did not come so far */
	bool		 stopped;	/* the read callback stopped it */
	int64_t		 sent;		/* bytes of the body */
	char		 peer[64];	/* address:port; the proxy's, if any */
	char		 tls[16];	/* TLSv1.3, or "" */
	char		 fingerprint[65];	/* SHA-256 of its certificate */
	char		 issuer[128];	/* who issued that, or "" */
	int64_t		 certificate_ends;	/* wall ms; 0: unknown */
	char		 date[64];	/* the header, or "" */
	char		 retry_after[64];	/* the header, or "" */
	char		 request_id[128];	/* X-Request-Id, or "" */
	struct buf	 body;		/* own; up to HTTP_BODY_MAX */
	int		 socket;	/* of one that only connected, the
					 * caller's from then on; or -1 */
};

/* What a request asks of TLS, all PEM as text; NULL: nothing. */
struct http_tls {
	char		*ca;		/* trusted, not the default store */
	char		*client_certificate, *client_key;
	char		*pins;		/* `sha256//…;sha256//…` */
	char		*minimum;	/* "1.2" or "1.3"; never NULL */
};

/* An HTTP proxy to go through, by CONNECT where TLS is spoken. */
struct http_proxy {
	char		*url;		/* NULL: none */
	char		*user, *password;	/* NULL: it asks for none */
};

/* Whether a connection that begins in clear goes on by STARTTLS. */
enum starttls { STARTTLS_required, STARTTLS_opportunistic, STARTTLS_never };

struct http_request {
	const char	*url;
	const char	*method;
	char *const	*headers;	/* `Name: value`, checked already */
	size_t		 header_count;
	int64_t		 length;	/* of the body, bytes */
	int64_t		 timeout;	/* ms without progress */
	bool		 head;		/* HEAD: no body, whatever `length` */
	bool		 fresh;		/* over a connection of its own */
	/*
	 * Nothing is sent: the connection is for another protocol, which has
	 * its own encryption.  The URL gives host and port; through a proxy,
	 * which must be an http one, by CONNECT.
	 */
	bool		 only_connect;
	struct http_tls	 tls;		/* borrowed until done */
	struct http_proxy proxy;	/* borrowed until done */
	const char	*bytes;		/* the body, borrowed until done; NULL:
					 * it is read */
	/* Fills `out`; the bytes given, 0 at the end, -1: stop. */
	int64_t		(*read)(void *arg, char *out, size_t room);
	/* A header of the answer's; may be NULL. */
	void		(*header)(void *arg, const char *name,
			    const char *value);
	/* It has moved since the last call; at most once a second. */
	void		(*moved)(void *arg, int64_t sent);
	/* It has ended. */
	void		(*done)(void *arg, const struct http_answer *);
	/*
	 * Not NULL: no request but a connection of its own, for the caller to
	 * speak over, to a `url` of smtp: or smtps:.  Once the server has
	 * greeted and, by `starttls`, TLS is spoken, it is called in place of
	 * `done`.  `line` is told each line that the server said before.
	 */
	void		(*opened)(void *arg, const struct http_answer *,
			    struct connection *);
	void		(*line)(void *arg, const char *, size_t);
	enum starttls	 starttls;
	void		*arg;		/* borrowed until done */
};

/*
 * Up to `concurrency` requests at once are meant to run.  `ca_file` may be "":
 * the system's certificates.  The policy becomes its own.  NULL with *why.
 */
struct http	*http_new(struct egress *, const char *ca_file,
		    int concurrency, struct why *);

/*
 * Starts a request.  Its strings are copied, but those of `tls` and the body.
 * 0, or -1 with *why.
 */
int	 http_start(struct http *, const struct http_request *,
	    struct why *);

/*
 * Waits for the network, for `wait` ms at most, or for one of those, whose
 * `revents` are set as by poll(2).
 */
void	 http_wait(struct http *, struct pollfd *, nfds_t, int64_t wait);

/* Goes on with all requests, and calls what has ended. */
void	 http_run(struct http *);

/*
 * How many seconds this machine's clock is ahead of the server's, which says
 * so to the second; 0 if it did not say.
 */
int64_t	 http_ahead(const struct http_answer *);
/*
 * Seconds that what signs with the time can stand: Standard Webhooks takes as
 * much, S3, Azure Storage and Google 900.
 */
#define HTTP_SKEW_MAX 300
/* Where this machine's clock is: "9 s ahead of the server's", or "behind". */
#define HTTP_SKEW_WORDS 64	/* bytes, with the NUL */
void	 http_skew_print(const struct http_answer *,
	    char out[HTTP_SKEW_WORDS]);

/* --- connections ---------------------------------------------------------- */

/*
 * How many bytes were sent or came, 0: none can at the moment, -1: it has
 * ended.  What was to be sent is given again, unchanged, until it has been.
 */
int64_t	 connection_send(struct connection *, const char *, size_t);
int64_t	 connection_receive(struct connection *, char *out, size_t room);

/* To be waited for; libcurl's, which closes it. */
int	 connection_fd(const struct connection *);

/* Closes it, without a word. */
void	 connection_close(struct connection *);

/*
 * What went through a TCP connection, or what the other side acknowledged of
 * it, as the kernel counts it; 0: unknown.
 */
uint64_t	 connection_bytes(int fd, bool both_ways);

#endif
