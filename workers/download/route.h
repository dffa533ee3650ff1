/*
 * route - which link a request's path means
 */
#ifndef WORKERS_DOWNLOAD_ROUTE_H
#define WORKERS_DOWNLOAD_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

struct route {
	const char	*token;		/* borrowed from the path */
	size_t		 length;	/* its bytes; it may be none at all */
	bool		 file;		/* the file itself, not its page */
};

/*
 * `…/d/TOKEN` and `…/d/TOKEN/file`, behind whatever path a baseUrl has.
 * False for any other path.
 */
bool	 route_parse(const char *path, struct route *);

#endif
