/*
 * certificate - what the listener shows for TLS
 *
 * Read once, before the worker is shut in: after a renewal the worker has to be
 * started anew.
 */
#ifndef WORKERS_DOWNLOAD_CERTIFICATE_H
#define WORKERS_DOWNLOAD_CERTIFICATE_H

#include <stdint.h>

#include "lib/why.h"

struct certificate {
	char	*chain, *key;	/* own; PEM, NULL where there is no TLS */
	int64_t	 until;		/* wall ms, the first one's end */
};

/*
 * Reads both files; both names empty is no TLS.  0, or -1 with *why if one is
 * missing, or they do not belong together.
 */
int	 certificate_read(struct certificate *, const char *chain,
	    const char *key, struct why *);

/* The key is needed no longer: wiped. */
void	 certificate_wipe_key(struct certificate *);

/* The days that are left of it at `now`, wall ms; negative: it is past. */
int	 certificate_days(const struct certificate *, int64_t now);

#endif
