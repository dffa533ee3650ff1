/*
 * s3_request - one request to S3, signed, and what its answer says
 */
#ifndef WORKERS_STORAGE_S3_REQUEST_H
#define WORKERS_STORAGE_S3_REQUEST_H

#include "workers/common/courier.h"
#include "workers/common/headers.h"
#include "workers/common/sigv4.h"
#include "workers/storage/config.h"

#define S3_TAG_MAX 160		/* bytes of an ETag, a version or a checksum */
#define S3_META_SHA256 "X-Amz-Meta-Spoold-Sha256"

/* Headers of the answer; "": not there. */
struct s3_said {
	char		 etag[S3_TAG_MAX];	/* without quotes */
	char		 version[S3_TAG_MAX];
	char		 sha256[S3_TAG_MAX];	/* base64 */
	char		 own_sha256[S3_TAG_MAX];	/* hex, from spoold */
	char		 length[S3_TAG_MAX];
	char		 date[S3_TAG_MAX];
};

struct s3_call {
	struct courier	*courier;	/* borrowed */
	const struct config *config;	/* borrowed */
	const char	*method;
	const char	*key;		/* encoded; "": the bucket */
	const char	*query;		/* as sigv4_request has it */
	struct headers	 headers;	/* own; given away to the request */
	uint8_t		 sha256[SHA256_LENGTH];	/* of the body */
	int64_t		 length;
	const char	*bytes;		/* the body, or NULL: it is read */
	int64_t		 timeout;	/* ms */
	bool		 fresh;
	int64_t		(*read)(void *arg, char *out, size_t room);
	void		(*moved)(void *arg, int64_t sent);
	void		(*done)(void *arg, const struct http_answer *);
	void		*arg;		/* borrowed */
	struct s3_said	 said;
};

/* Signs and starts it.  0, or -1 with *why; the headers are gone. */
int	 s3_start(struct s3_call *, struct why *);

/* Sets the body to these bytes, which stay the caller's; NULL: none. */
void	 s3_body(struct s3_call *, const char *bytes, size_t length);

/* The text of the first such element of an answer; false: there is none. */
bool	 s3_element(const struct buf *xml, const char *name, char *out,
	    size_t size);

/*
 * What an answer means: verdict(), and what S3's error codes add.  `permanent`
 * as in verdict_rules.
 */
void	 s3_verdict(const struct s3_call *, const struct http_answer *,
	    const char *permanent, struct link_record *,
	    struct verdict_text *);

/*
 * What is wrong with a 2xx to a PUT, in words that follow the status: it names
 * no tag, or the digest of something else.  NULL: nothing.
 */
const char	*s3_not_taken(const struct s3_call *);

/* True if the answer has that error code. */
bool	 s3_is(const struct http_answer *, const char *code);

/* Seconds that this clock is ahead of the server's, as far as it said. */
int64_t	 s3_ahead(const struct s3_said *);

#endif
