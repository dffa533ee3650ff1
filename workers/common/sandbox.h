/*
 * sandbox - what a worker may still ask of the kernel
 */
#ifndef WORKERS_SANDBOX_H
#define WORKERS_SANDBOX_H

#include "lib/why.h"

enum sandbox {
	/*
	 * Reading, writing and mapping memory with what is open already: no
	 * network, no files, no processes.  Anything else kills.
	 */
	SANDBOX_descriptors,
	/*
	 * And taking connections on what listens already, to serve them: it can
	 * make no socket, and connect to nobody.  Anything else kills.
	 */
	SANDBOX_listener,
	/*
	 * Sockets and threads too, and reading what the resolver reads; no
	 * file can be written, and no other program run.
	 */
	SANDBOX_network,
	/* And files and directories beneath those that are named. */
	SANDBOX_files,
	/*
	 * For a worker that runs programs which need who knows what: all but
	 * looking into other processes, signals to them, and what changes the
	 * system.
	 */
	SANDBOX_programs,
	SANDBOXES
};

/*
 * What it may use of memory, descriptors and processes, once it is known how
 * many attempts it may have at once.  0, or -1 with *why.
 */
int	 sandbox_limit(enum sandbox, unsigned concurrency, struct why *);

/*
 * There is no way back.  `writable` are directories, the last is NULL; only
 * SANDBOX_files looks at them.  0, or -1 with *why if the kernel cannot.
 */
int	 sandbox_enter(enum sandbox, const char *const *writable, struct why *);

#endif
