/*
 * route - which link a request's path means
 *
 * Nothing is decoded: a token has no character that would need it.  Whether a
 * token is one is for spoold to say, so that a wrong one takes the same way.
 */
#include <string.h>

#include "workers/download/route.h"

#define FILE_PART "/file"
#define LINK_PART "/d/"

bool
route_parse(const char *path, struct route *route)
{
	size_t length = strlen(path), begin;
	const size_t tail = strlen(FILE_PART), head = strlen(LINK_PART);

	route->file = length > tail &&
	    memcmp(path + length - tail, FILE_PART, tail) == 0;
	if (route->file)
		length -= tail;
	for (begin = length; begin > 0 && path[begin - 1] != '/'; begin--)
		;
	if (begin == length || begin < head ||
	    memcmp(path + begin - head, LINK_PART, head) != 0)
		return false;
	route->token = path + begin;
	route->length = length - begin;
	return true;
}
