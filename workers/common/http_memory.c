/*
 * http_memory - the memory that libcurl works with
 *
 * libcurl puts passwords into strings and headers into buffers, and frees them
 * as they are.  Here what is freed is wiped first; and what has to become larger
 * is copied and wiped, for realloc(3) would leave behind what it moves.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "workers/common/http_inside.h"

static void
memory_free(void *memory)
{
	if (memory != NULL)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

static void *
memory_resize(void *memory, size_t size)
{
	size_t had = memory == NULL ? 0 : malloc_usable_size(memory);
	void *larger;

	if (memory != NULL && size > 0 && size <= had)
		return memory;
	larger = malloc(size > 0 ? size : 1);
	if (larger == NULL)
		return NULL;
	if (memory != NULL)
		memcpy(larger, memory, had < size ? had : size);
	memory_free(memory);
	return larger;
}

CURLcode
http_global_init(void)
{
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, memory_free,
	    memory_resize, strdup, calloc);
}
