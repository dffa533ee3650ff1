/*
 * http_memory - the memory that libcurl works with
 *
 * libcurl puts passwords into strings and headers into buffers, and frees them
 * as they are.  Here what is freed is wiped first; and what has to become larger
 * is copied and wiped, for realloc(3) would leave behind what it moves.
 */
#include <sys/mman.h>

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "workers/common/http_inside.h"

#define LARGE (16 * 1024)	/* bytes */

/*
 * Of a large one whole pages are given back, which wipes them too: to write to
 * those of a buffer that was never full would only make them take memory.
 */
static void
memory_wipe(char *memory, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	size_t before = (size_t)(-(uintptr_t)memory & (page - 1));
	size_t whole = size < LARGE ? 0 : (size - before) & ~(page - 1);

	if (whole == 0 || madvise(memory + before, whole,
	    MADV_DONTNEED) == -1) {
		explicit_bzero(memory, size);
		return;
	}
	explicit_bzero(memory, before);
	explicit_bzero(memory + before + whole, size - before - whole);
}

static void
memory_free(void *memory)
{
	if (memory != NULL)
		memory_wipe(memory, malloc_usable_size(memory));
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
