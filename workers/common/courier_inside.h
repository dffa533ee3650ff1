/*
 * courier_inside - what courier.c, attempt.c, trial.c, erasure.c and held.c
 * share
 */
#ifndef WORKERS_COURIER_INSIDE_H
#define WORKERS_COURIER_INSIDE_H

#include "workers/common/courier.h"
#include "workers/common/skeleton.h"

/* The settings of a destination, while an attempt or a trial needs them. */
struct held {
	LIST_ENTRY(held) entry;
	char		*text;		/* own; as it was handed out */
	unsigned	 users;
	void		*config;	/* own; the transport's */
};

struct courier {
	const struct transport *transport;	/* borrowed */
	struct skeleton	 skeleton;
	struct egress	*egress;	/* own; http's, where there is one */
	struct http	*http;		/* own; or NULL */
	void		*own;		/* the transport's */
	char		*organization;	/* own */
	char		*permanent;	/* own; statuses, one a line */
	char		*tls_minimum;	/* own */
	char		*user_agent;	/* own */
	char		*chunk;		/* own; COURIER_CHUNK bytes */
	LIST_HEAD(, held) held;
	TAILQ_HEAD(, attempt) preparing;	/* before they are sent */
	LIST_HEAD(, watch) watches;
	struct pollfd	*polled;	/* own; the watches and the link */
	size_t		 watch_count, polled_room;
	int64_t		 wake;		/* monotonic ms, or INT64_MAX */
	unsigned	 attempts;	/* that it holds, trials too */
	unsigned	 concurrency;	/* and how many it takes */
	unsigned	 erasures;	/* beside them; spoold gives few */
};

/* What `text` says, read if nobody holds the same.  NULL with *why. */
struct held	*held_take(struct courier *, const char *text, struct why *);
void		 held_give(const struct courier *, struct held *);

/* Begins what a record asks for; its descriptors are taken. */
void	 attempt_take(struct courier *, const struct link_record *);
void	 trial_take(struct courier *, const struct link_record *);
void	 erasure_take(struct courier *, const struct link_record *);

/* A slice of each attempt that is being prepared; true if there is more. */
bool	 attempts_prepare(struct courier *);

#endif
