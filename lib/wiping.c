/*
 * wiping - memory for libraries that free secrets as they are
 *
 * libcurl does so with passwords and headers, OpenSSL 3.0 with the private key
 * that it has read from PEM.
 */
#include <sys/mman.h>

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "lib/wiping.h"

#define LARGE (16 * 1024)	/* bytes */

/*
 * Of a large one whole pages are given back, which wipes them too: to write to
 * those of a buffer that was never full would only make them take memory.
 */
static void
wipe(char *memory, size_t size)
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

void
wiping_free(void *memory)
{
	if (memory != NULL)
		wipe(memory, malloc_usable_size(memory));
	free(memory);
}

void *
wiping_resize(void *memory, size_t size)
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
	wiping_free(memory);
	return larger;
}

/* --- OpenSSL -------------------------------------------------------------- */

static void *
openssl_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size == 0 ? NULL : malloc(size);
}

static void *
openssl_realloc(void *memory, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size > 0)
		return wiping_resize(memory, size);
	wiping_free(memory);
	return NULL;
}

static void
openssl_free(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	wiping_free(memory);
}

static void
openssl_begin(int argc, char **argv, char **environment)
{
	(void)argc;
	(void)argv;
	(void)environment;
	(void)CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc,
	    openssl_free);
}

/* Before the constructors of libraries: that of libssh uses OpenSSL. */
__attribute__((section(".preinit_array"), used))
static void (*const begin)(int, char **, char **) = openssl_begin;

int
wiping_openssl(struct why *why)
{
	CRYPTO_free_fn frees = NULL;

	CRYPTO_get_mem_functions(NULL, NULL, &frees);
	return frees == openssl_free ? 0 : why_set(why, ERROR_INTERNAL_ERROR,
	    "OpenSSL would free secrets as they are");
}
