/*
 * gcs - objects in a bucket of Google Cloud Storage, by its JSON API
 *
 * From 8 MiB on, the content goes to a session, in parts.  The session's URL
 * is all that is needed to go on with it: it is a secret, and spoold keeps it
 * for the next attempt.
 */
#ifndef WORKERS_STORAGE_GCS_H
#define WORKERS_STORAGE_GCS_H

#include "workers/storage/upload.h"

struct gcs_token;

/* The tokens of all destinations. */
struct gcs_tokens {
	TAILQ_HEAD(, gcs_token) list;	/* own; wiped */
};

extern const struct cloud cloud_gcs;
extern const struct code gcs_codes[];

void	 gcs_tokens_begin(struct gcs_tokens *);

/* Sends a call with a token, once there is one. */
int	 gcs_start(struct call *, struct why *);

/* A token that was refused is asked for anew. */
void	 gcs_token_refused(const struct call *);

/* The reason of an error, in JSON. */
bool	 gcs_code(const struct call *, const struct http_answer *, char *out,
	    size_t size);

/* Asks a session how much it has, and goes on there. */
void	 gcs_recover(struct upload *);

/* A session's URL out of a header: of the endpoint's own host, or -1. */
int	 gcs_session(struct upload *, const char *url, struct why *);

/* Where a session says that it is: the bytes it has. */
int64_t	 gcs_session_at(const struct said *);

#endif
