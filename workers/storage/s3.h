/*
 * s3 - objects in a bucket of S3, or of a server that speaks its protocol
 *
 * From 64 MiB on they go in parts; whatever ends the upload before its
 * completion, the parts are given up at the server, too.
 */
#ifndef WORKERS_STORAGE_S3_H
#define WORKERS_STORAGE_S3_H

#include "workers/storage/upload.h"

extern const struct cloud cloud_s3;
extern const struct code s3_codes[];

/* Signs a call, and sends it. */
int	 s3_start(struct call *, struct why *);

/* Gives up what attempts before left, then goes on with parts_create(). */
void	 s3_sweep(struct upload *);

#endif
