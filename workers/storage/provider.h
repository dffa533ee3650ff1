/*
 * provider - where storage puts things: a table of functions for each
 *
 * They are called as a transport's are (workers/common/courier.h), once the
 * path is known.
 */
#ifndef WORKERS_STORAGE_PROVIDER_H
#define WORKERS_STORAGE_PROVIDER_H

#include "workers/common/courier.h"
#include "workers/storage/config.h"
#include "workers/storage/gcs.h"
#include "workers/storage/local.h"
#include "workers/storage/upload.h"

/* What all attempts of this process share: courier_own(). */
struct storage {
	struct local	*local;		/* own */
	struct upload_queue uploads;
	struct gcs_tokens tokens;
};

/* An attempt's state. */
struct stored {
	bool		 placed;	/* the path is known */
	struct buf	 path;		/* own */
	struct local_file local;
	struct upload	 upload;
};

struct provider {
	const char	*name;
	const struct cloud *cloud;	/* NULL: it speaks to none */
	/* A slice of what comes before `send`; as a transport's. */
	int		 (*prepare)(struct attempt *, int64_t *done,
			    struct why *);
	void		 (*send)(struct attempt *);
	void		 (*close)(struct attempt *);
	void		 (*test)(struct trial *);
	/* May be NULL. */
	void		 (*trial_close)(struct trial *);
};

extern const struct provider provider_local, provider_s3, provider_azure,
    provider_gcs;

#endif
