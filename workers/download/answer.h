/*
 * answer - what a request is answered with
 */
#ifndef WORKERS_DOWNLOAD_ANSWER_H
#define WORKERS_DOWNLOAD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/facts.h"

#define ANSWER_HEADERS 24

struct answer {
	int		 status;	/* of HTTP */
	struct {
		const char	*name;	/* borrowed */
		char		*value;	/* own */
	} header[ANSWER_HEADERS];
	size_t		 headers;
	struct buf	 body;		/* own; or, if `length` is not -1: */
	int		 fd;		/* own; -1: nothing is to be sent */
	int64_t		 offset, length;	/* the bytes of it */
	bool		 whole;		/* they are what has the digest */
	uint8_t		 sha256[SHA256_LENGTH];
};

/* An answer without headers and with an empty body. */
void	 answer_begin(struct answer *, int status);

/* Adds a header, as printf() makes it. */
void	 answer_header(struct answer *, const char *name, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/* Frees all but the descriptor, if that was taken over (and is -1 then). */
void	 answer_free(struct answer *);

#endif
