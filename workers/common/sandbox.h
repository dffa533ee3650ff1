/*
 * sandbox - what a worker may still ask of the kernel
 */
#ifndef WORKERS_SANDBOX_H
#define WORKERS_SANDBOX_H

#include <stdbool.h>

#include "lib/why.h"

/*
 * Only reading, writing and mapping memory with what is open already: no
 * network, no files, no processes.  Anything else kills.  0, or -1 with *why
 * if the kernel cannot.
 */
int	 sandbox_descriptors_only(struct why *);

#endif
