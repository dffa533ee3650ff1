/*
 * azure - block blobs in a container of Azure Storage
 *
 * From 64 MiB on, a blob is put together of blocks.  A block's id follows from
 * its number and its content, so that the next attempt knows which of those
 * that an attempt before has left are its own, and goes on with them; what
 * nobody goes on with the service forgets after a week.
 */
#ifndef WORKERS_STORAGE_AZURE_H
#define WORKERS_STORAGE_AZURE_H

#include "lib/hex.h"

#include "workers/storage/upload.h"

extern const struct cloud cloud_azure;
extern const struct code azure_codes[];

/* Signs a call, or gives it the SAS, and sends it. */
int	 azure_start(struct call *, struct why *);

/* The code of an error: a header, else in the body. */
bool	 azure_code(const struct call *, const struct http_answer *,
	    char *out, size_t size);

/* The id of a block, with nothing in it that a query has to encode. */
#define BLOCK_ID_MAX HEX_SIZE(32)
void	 azure_block_id(const struct upload *, size_t part,
	    char out[BLOCK_ID_MAX]);

/* Finds the blocks that are there, then goes on with the others. */
void	 azure_recover(struct upload *);

#endif
