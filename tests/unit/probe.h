/*
 * probe.h - what the unit tests' probes share
 *
 * A probe is text in, text out: standard input and arguments go to a module of
 * lib/, what that answers goes to standard output.
 */
#ifndef TESTS_UNIT_PROBE_H
#define TESTS_UNIT_PROBE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/why.h"
#include "lib/xalloc.h"

/*
 * All of standard input, in memory of exactly that size and without a NUL, so
 * that AddressSanitizer sees every byte read too many.
 */
static inline char *
probe_read(size_t *length_r)
{
	struct buf	 all = { 0 };
	char		 chunk[65536], *text;
	size_t		 n;

	while ((n = fread(chunk, 1, sizeof chunk, stdin)) > 0)
		buf_add(&all, chunk, n);
	text = xmalloc(all.len);
	if (all.len > 0)
		memcpy(text, all.data, all.len);
	*length_r = all.len;
	buf_free(&all);
	return text;
}

/* Ends a part of an argument at a mark that must be there; what follows it. */
static inline char *
probe_after(char *text, char mark)
{
	char		*at = strchr(text, mark);

	if (at == NULL) {
		fprintf(stderr, "probe: no %c in \"%s\"\n", mark, text);
		exit(2);
	}
	*at = '\0';
	return at + 1;
}

/* An argument that must be a number. */
static inline long long
probe_number(const char *text)
{
	char		*end;
	long long	 number = strtoll(text, &end, 10);

	if (end == text || *end != '\0') {
		fprintf(stderr, "probe: \"%s\" is no number\n", text);
		exit(2);
	}
	return number;
}

/* `CODE at=OFFSET path=PATH: words`, without what is not there. */
static inline void
probe_print_why(const struct why *why)
{
	printf("%s", error_name(why->code));
	if (why->offset >= 0)
		printf(" at=%lld", (long long)why->offset);
	if (why->path[0] != '\0')
		printf(" path=%s", why->path);
	printf(": %s\n", why->text);
}

#endif
