/*
 * reply - the answers that there are
 *
 * Each has the headers that all have: nothing is kept, guessed, framed, told
 * on or indexed.
 */
#ifndef WORKERS_DOWNLOAD_REPLY_H
#define WORKERS_DOWNLOAD_REPLY_H

#include "workers/download/answer.h"
#include "workers/download/page.h"
#include "workers/download/range.h"

enum notice {
	NOTICE_GONE,		/* 404: whatever the reason */
	NOTICE_METHOD,		/* 405 */
	NOTICE_MATCH,		/* 412: If-Match */
	NOTICE_LARGE,		/* 413: the request's body */
	NOTICE_BUSY,		/* 429: too much of that address */
	NOTICE_WAITED,		/* 503: spoold does not answer */
	NOTICES
};

#define ETAG_SIZE (sizeof("\"\"") + 2 * SHA256_LENGTH)

/* What of which file. */
struct reply_file {
	const char	*filename, *content_type;	/* borrowed */
	const uint8_t	*sha256;	/* borrowed */
	int64_t		 size;
	enum range	 range;
	struct extent_asked asked;
};

/* The entity tag of what has that digest. */
void	 reply_etag(const uint8_t sha256[SHA256_LENGTH], char out[ETAG_SIZE]);

void	 reply_notice(struct answer *, enum notice, const char *policy);
void	 reply_page(struct answer *, const struct page *, const char *policy);

/* 200, 206 or 416 for a file; the content is the caller's to set. */
void	 reply_file(struct answer *, const struct reply_file *);

#endif
