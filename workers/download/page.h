/*
 * page - what people see of a link
 *
 * HTML without a script; its style stands in it, and page_policy() is the
 * content security policy that lets this style and nothing else be used.
 */
#ifndef WORKERS_DOWNLOAD_PAGE_H
#define WORKERS_DOWNLOAD_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/facts.h"

struct page {
	const char	*filename;	/* borrowed; UTF-8 */
	const char	*token;		/* borrowed; the button goes there */
	size_t		 token_length;
	int64_t		 bytes;
	int64_t		 expires_at;	/* wall ms */
	int64_t		 left;		/* fetches; -1: any number */
	uint8_t		 sha256[SHA256_LENGTH];
};

/* A link's page. */
void	 page_link(struct buf *, const struct page *);

/* A page that says one thing; both are HTML. */
void	 page_notice(struct buf *, const char *title, const char *sentence);

/* Appends the policy, for Content-Security-Policy. */
void	 page_policy(struct buf *);

#endif
