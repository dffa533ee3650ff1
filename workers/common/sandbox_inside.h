/*
 * sandbox_inside - the parts that a sandbox is made of
 */
#ifndef WORKERS_SANDBOX_INSIDE_H
#define WORKERS_SANDBOX_INSIDE_H

#include <stdbool.h>

#include "workers/common/sandbox.h"

/* clang says it in another way. */
#ifdef __has_feature
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* What Landlock leaves a kind of worker. */
struct places {
	bool	 resolves;	/* reads what a resolver does */
	bool	 connects;	/* to others, by TCP */
	bool	 programs;	/* everything but signals to others */
};

/*
 * Everything of the file systems is forbidden but reading as `places` says,
 * and files and directories beneath `writable`, a list that ends in NULL.
 * 0, or -1 with *why if this kernel has no Landlock.
 */
int	 places_restrict(const struct places *, const char *const *writable,
	    struct why *);

/* 0, or -1 with *why if this kernel has no seccomp. */
int	 calls_restrict(enum sandbox, struct why *);

#endif
