/*
 * fuzz.h - what the fuzz targets share
 *
 * A target is one file: libFuzzer calls it with bytes that it makes up, the
 * sanitizers say what is wrong with memory, and MUST() what is wrong with an
 * answer.  `data` is an allocation of exactly that size, so that a byte read
 * too many is seen.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/why.h"
#include "lib/xalloc.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Something that has to be true of every input; a finding if it is not. */
#define MUST(condition)	((condition) ? (void)0 : \
	    fuzz_broken(#condition, __FILE__, __LINE__))

static inline void __attribute__((noreturn))
fuzz_broken(const char *condition, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
	abort();
}

/* The input as a string, up to its first NUL; to be freed. */
static inline char *
fuzz_text(const uint8_t *data, size_t size)
{
	return xstrndup(data == NULL ? "" : (const char *)data, size);
}

/* A file in memory with these bytes; to be closed. */
static inline int
fuzz_memory(const void *data, size_t size)
{
	int	 fd = memfd_create("fuzz", MFD_CLOEXEC);

	MUST(fd != -1);
	MUST(write(fd, data, size) == (ssize_t)size);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* A file with these bytes, in place of what was there. */
static inline void
fuzz_file(const char *path, const void *data, size_t size)
{
	int	 fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0600);

	MUST(fd != -1);
	MUST(write(fd, data, size) == (ssize_t)size);
	MUST(close(fd) == 0);
}

/* A new directory below $TMPDIR, which whoever set that removes. */
static inline char *
fuzz_directory(void)
{
	const char	*parent = getenv("TMPDIR");
	char		*path = xasprintf("%s/fuzz.XXXXXX",
			    parent != NULL ? parent : "/tmp");

	MUST(mkdtemp(path) != NULL);
	return path;
}

/* The lowest free descriptor: the same before and after, or one leaked. */
static inline int
fuzz_lowest(void)
{
	int	 fd = dup(STDERR_FILENO);

	MUST(fd != -1);
	MUST(close(fd) == 0);
	return fd;
}

/* True if two texts are the same; an empty one may have no memory. */
static inline bool
fuzz_same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len &&
	    (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

#endif
