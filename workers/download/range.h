/*
 * range - the part of a file that a request asks for (RFC 9110, 14)
 */
#ifndef WORKERS_DOWNLOAD_RANGE_H
#define WORKERS_DOWNLOAD_RANGE_H

#include <stdbool.h>
#include <stdint.h>

enum range {
	RANGE_whole,		/* 200 */
	RANGE_part,		/* 206 */
	RANGE_none		/* 416: there is nothing of it */
};

struct extent_asked {
	int64_t	 from, length;
};

/*
 * What `Range` asks for of `size` bytes; "" is no such header.  One that is
 * malformed, of another unit or of several parts is ignored, as the RFC allows.
 */
enum range	 range_parse(const char *text, int64_t size,
		    struct extent_asked *);

/* Whether `If-Range` lets a range count: "" or that very tag. */
bool		 range_if(const char *text, const char *etag);

/* Whether `If-Match` has the tag, or is "" or "*". */
bool		 range_match(const char *text, const char *etag);

#endif
