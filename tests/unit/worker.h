/*
 * worker - what probe_worker prints of a worker
 */
#ifndef TESTS_UNIT_WORKER_H
#define TESTS_UNIT_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/link.h"

/* One line for a record. */
void	 worker_print(const struct link_record *);

/* How often a text is in the memory that the process can write. */
int	 process_find(pid_t, const char *text);

/* Whether it ever had more than `most` KiB. */
void	 process_memory(pid_t, long most);

/*
 * Has it do something by itself, with a path where it takes one, and prints
 * `done`, the errno, or `killed`.  False if it is no more.
 */
bool	 process_try(pid_t, const char *act, const char *path);

/* A line of its /proc/PID/status. */
void	 process_print(pid_t, const char *name);

#endif
