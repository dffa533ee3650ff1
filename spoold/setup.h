/*
 * setup - what a worker is told before anything else
 */
#ifndef SPOOLD_SETUP_H
#define SPOOLD_SETUP_H

#include "lib/why.h"

struct conf;
struct pool;

/* 0 if workers can be shut in as that asks for, or -1 with *why. */
int	 setup_check(const struct conf *, struct why *);

/* Sends it over a link that is new.  0, or -1 with *why. */
int	 setup_send(const struct pool *, int link, struct why *);

#endif
