/*
 * s3 - objects in a bucket of S3, or of a server that speaks its protocol
 *
 * From 64 MiB on they go in parts; whatever ends the upload before its
 * completion, the parts are given up at the server, too.  One whose worker was
 * killed is gone on with.
 */
#ifndef WORKERS_STORAGE_S3_H
#define WORKERS_STORAGE_S3_H

#include "workers/storage/upload.h"

extern const struct cloud cloud_s3;
extern const struct code s3_codes[];

/* Signs a call, and sends it. */
int	 s3_start(struct call *, struct why *);

/* True if that is the base64 of the digest. */
bool	 s3_is_digest(const char *, const uint8_t *sha256);

/* What a tag may be, so that it is the same within XML. */
bool	 s3_is_tag(const char *);

/* Has the id of what was begun told to the next attempt. */
void	 s3_keep(struct upload *);

/* Goes on with what an attempt before began, by parts_next(), or sweeps. */
void	 s3_recover(struct upload *);

/* Gives up what attempts before left, then goes on with parts_create(). */
void	 s3_sweep(struct upload *);

#endif
