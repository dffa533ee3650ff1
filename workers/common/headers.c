/*
 * headers - the headers of one request
 *
 * Every value goes through headers_set(), so nothing that came with a job or
 * a destination can end its line and begin another header, or the body.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "workers/common/headers.h"

static char *
header_line(const char *name, const char *value, struct why *why)
{
	for (const char *p = value; *p != '\0'; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f) {
			(void)why_set(why, ERROR_VALIDATION_ERROR,
			    "the header %s would have a line break or "
			    "another control character in it", name);
			return NULL;
		}
	/* libcurl takes `Name:` for "send none"; `Name;` is an empty one. */
	return *value == '\0' ? xasprintf("%s;", name) :
	    xasprintf("%s: %s", name, value);
}

static void
header_free(char *line)
{
	explicit_bzero(line, strlen(line));
	free(line);
}

int
headers_set(struct headers *headers, const char *name, const char *value,
    struct why *why)
{
	char *line = header_line(name, value, why);
	size_t length = strlen(name);

	if (line == NULL)
		return -1;
	for (size_t i = 0; i < headers->count; i++) {
		const char *other = headers->list[i];

		if (strncasecmp(other, name, length) == 0 &&
		    (other[length] == ':' || other[length] == ';')) {
			header_free(headers->list[i]);
			headers->list[i] = line;
			return 0;
		}
	}
	headers->list = xreallocarray(headers->list, headers->count + 1,
	    sizeof(*headers->list));
	headers->list[headers->count++] = line;
	return 0;
}

void
headers_free(struct headers *headers)
{
	for (size_t i = 0; i < headers->count; i++)
		header_free(headers->list[i]);
	free(headers->list);
	memset(headers, 0, sizeof(*headers));
}
