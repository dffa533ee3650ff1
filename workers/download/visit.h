/*
 * visit - one request, from its first byte to its answer
 */
#ifndef WORKERS_DOWNLOAD_VISIT_H
#define WORKERS_DOWNLOAD_VISIT_H

#include "workers/download/download.h"

/* What is not there is answered at a multiple of that, after it was asked. */
#define VISIT_TICK 250		/* ms */
#define VISIT_PATIENCE 30000	/* ms that spoold may take */

/* The server's handler; `arg` is the struct download. */
bool	 visit_admit(void *arg, const struct sockaddr *);
void	 visit_left(void *arg, const struct sockaddr *);
void	 visit_asked(void *arg, struct exchange *);
void	 visit_ended(void *arg, struct exchange *, int64_t delivered);

/* spoold's answer; its descriptor is taken, or closed. */
void	 visit_fetched(struct download *, struct link_record *);

/* There will be no more answers of spoold's. */
void	 visits_end(struct download *);

/* Answers what is due; when (monotonic ms) the next is, or INT64_MAX. */
int64_t	 visits_turn(struct download *, int64_t now);

#endif
