/*
 * disposition - Content-Disposition (RFC 6266) of a file's name
 */
#ifndef WORKERS_DOWNLOAD_DISPOSITION_H
#define WORKERS_DOWNLOAD_DISPOSITION_H

#include "lib/buf.h"

/*
 * Appends `attachment` with the name: in ASCII for all, and, where that is not
 * all of it, as it is (RFC 8187) for those who know.
 */
void	 disposition_put(struct buf *, const char *filename);

#endif
