/*
 * process - what keeps a process to itself
 */
#ifndef LIB_PROCESS_H
#define LIB_PROCESS_H

#include "lib/why.h"

/*
 * Nobody but root looks into this process from now on, and nobody at all finds
 * its memory in a core dump, one that root asks for included.  The children
 * that it forks are alike; a program that one of them executes can be looked
 * into, until it says so itself.  What OpenSSL frees is wiped.  0, or -1 with
 * *why.
 */
int	 process_hide(struct why *);

/*
 * 0 if this kernel can shut a process in, by seccomp and Landlock; else -1 with
 * *why (CONFIG_ERROR): what is missing, and what would help.
 */
int	 process_can_be_shut_in(struct why *);

#endif
