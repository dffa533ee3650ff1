/*
 * attempt - one ticket on its way to its destination
 *
 * It goes through three passes over what is sent: the job is compared with
 * what was accepted, the body is signed, the request is made.  The first two
 * go on in slices, between everything else that the worker does, so that a
 * large payload never holds up the others.
 */
#ifndef WORKERS_WEBHOOK_ATTEMPT_H
#define WORKERS_WEBHOOK_ATTEMPT_H

#include <sys/queue.h>

#include <stdbool.h>

#include "lib/link.h"

#include "workers/common/http.h"
#include "workers/common/skeleton.h"
#include "workers/webhook/config.h"
#include "workers/webhook/sign.h"

struct attempt;				/* opaque */

/* What all attempts of this process share. */
struct courier {
	struct skeleton	 skeleton;
	struct http	*http;		/* own */
	struct signer	*signer;	/* own */
	struct configs	 configs;
	char		*organization;	/* own */
	char		*permanent;	/* own; statuses, one a line */
	char		*tls_minimum;	/* own */
	char		*user_agent;	/* own */
	char		*chunk;		/* own; ATTEMPT_CHUNK bytes */
	TAILQ_HEAD(, attempt) preparing;	/* before their request */
	struct attempt	*collector;	/* borrowed; keeps its body, or NULL */
	unsigned	 attempts;	/* that it holds */
	unsigned	 concurrency;	/* and how many it takes */
};

#define ATTEMPT_CHUNK (64 * 1024)
#define ATTEMPT_KEPT (16 * 1024)	/* of a body that is read only once */

/* Begins the attempt that a record asks for; its descriptors are taken. */
void	 attempt_take(struct courier *, const struct link_record *);

/* A slice of each that is being prepared; true if there is more to do. */
bool	 attempt_prepare(struct courier *);

#endif
