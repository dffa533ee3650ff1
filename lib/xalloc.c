/*
 * xalloc - memory, or the end of the process
 *
 * A request for 0 bytes gives memory too, so that NULL never comes back.
 */
#include "lib/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/why.h"

void *
xmust(void *memory)
{
	if (memory == NULL)
		log_fatal(error_exit_status(ERROR_UNAVAILABLE),
		    "out of memory");
	return memory;
}

void *
xmalloc(size_t size)
{
	return xmust(malloc(size > 0 ? size : 1));
}

void *
xcalloc(size_t count, size_t size)
{
	if (count == 0 || size == 0)
		count = size = 1;
	return xmust(calloc(count, size));
}

void *
xreallocarray(void *old, size_t count, size_t size)
{
	if (count == 0 || size == 0)
		count = size = 1;
	return xmust(reallocarray(old, count, size));
}

char *
xstrdup(const char *string)
{
	return xmust(strdup(string));
}

char *
xstrndup(const char *string, size_t length)
{
	return xmust(strndup(string, length));
}

char *
xasprintf(const char *format, ...)
{
	va_list	 args;
	char	*out;
	int	 n;

	va_start(args, format);
	n = vasprintf(&out, format, args);
	va_end(args);
	return xmust(n < 0 ? NULL : out);
}
