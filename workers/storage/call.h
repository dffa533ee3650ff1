/*
 * call - one request to the API of a store in a cloud
 *
 * What is asked is the caller's, who asks it is the provider's: it adds the
 * credentials, or gets some first, and gives the call to call_send().
 */
#ifndef WORKERS_STORAGE_CALL_H
#define WORKERS_STORAGE_CALL_H

#include <sys/queue.h>

#include "workers/common/courier.h"
#include "workers/common/headers.h"
#include "workers/storage/config.h"

#define TAG_MAX 160		/* bytes of an ETag, a version or a digest */
#define PLACE_MAX 2048		/* and of a URL */

/* Headers of the answer, without quotes around; "": not there. */
struct said {
	char		 etag[TAG_MAX];
	char		 version[TAG_MAX];
	char		 sha256[TAG_MAX];	/* base64, the server's own */
	char		 md5[TAG_MAX];		/* base64 */
	char		 own_sha256[TAG_MAX];	/* hex, from spoold */
	char		 mark[TAG_MAX];	/* locator.h */
	char		 length[TAG_MAX];
	char		 code[TAG_MAX];		/* what went wrong */
	char		 range[TAG_MAX];
	char		 place[PLACE_MAX];
};

/* Which header is what: a row for each, the last has no name. */
struct said_header {
	const char	*name;
	size_t		 offset, size;	/* within struct said */
};
#define SAID(name, member) \
	{ name, offsetof(struct said, member), \
	    sizeof(((struct said *)0)->member) }

struct call {
	TAILQ_ENTRY(call) entry;	/* of those that wait for a token */
	struct courier	*courier;	/* borrowed */
	const struct config *config;	/* borrowed */
	const char	*method;
	const char	*key;		/* encoded; "": the bucket */
	const char	*query;		/* encoded, sorted, each with its "=" */
	const char	*url;		/* a secret in itself, to be asked
					 * without credentials; or NULL */
	struct headers	 headers;	/* own; given away to the request */
	uint8_t		 sha256[SHA256_LENGTH];	/* of the body */
	int64_t		 length;
	const char	*bytes;		/* the body, or NULL: it is read */
	int64_t		 timeout;	/* ms */
	bool		 fresh;
	bool		 denied;	/* what was answered came from where
					 * the credentials come from */
	int64_t		(*read)(void *arg, char *out, size_t room);
	void		(*moved)(void *arg, int64_t sent);
	void		(*done)(void *arg, const struct http_answer *);
	void		*arg;		/* borrowed */
	struct said	 said;
};

/* Starts it, now or when there are credentials.  -1 with *why. */
int	 call_start(struct call *, struct why *);

/* For the provider: to that URL, all headers are there.  They are gone then. */
int	 call_send(struct call *, const char *url, struct why *);

/* Sets the body to these bytes, which stay the caller's; NULL: none. */
void	 call_body(struct call *, const char *bytes, size_t length);

/* Where the endpoint's own path begins. */
const char	*call_endpoint_path(const char *endpoint);

/* Host and port as the Host header has them; the scheme by itself. */
int	 call_host(const char *endpoint, struct buf *scheme, struct buf *host,
	    struct why *why);

#endif
