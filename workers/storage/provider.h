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
#include "workers/storage/locator.h"
#include "workers/storage/upload.h"

/* What all attempts of this process share: courier_own(). */
struct storage {
	struct local	*local;		/* own */
	struct upload_queue uploads;
	struct gcs_tokens tokens;
	struct local_erasures erasures;
};

/* An attempt's state. */
struct stored {
	bool		 placed;	/* the path is known */
	struct buf	 path;		/* own */
	struct buf	 locator;	/* own; see locator_tell() */
	struct local_file local;
	struct upload	 upload;
};

/* An erasure's state. */
struct erasing {
	struct locator	 locator;	/* what is to go, and where it is */
	struct local_erasure local;
	struct cloud_erasure cloud;
};

struct provider {
	const struct cloud *cloud;	/* NULL: it speaks to none */
	/* A slice of what comes before `send`; as a transport's. */
	int		 (*prepare)(struct attempt *, int64_t *done,
			    struct why *);
	void		 (*send)(struct attempt *);
	void		 (*close)(struct attempt *);
	void		 (*test)(struct trial *);
	/* May be NULL. */
	void		 (*trial_close)(struct trial *);
	/*
	 * Appends where these settings put things: what two of a kind with the
	 * same paths would differ in, such as endpoint and bucket.  What was
	 * stored elsewhere is not looked for here.
	 */
	void		 (*place)(const struct config *, struct buf *);
	/*
	 * Removes what erasing.locator names, if it is that still: it bears
	 * that mark, and has the content of facts.sha256.  Only that very
	 * version of it goes, where the provider knows versions.  Ends it by
	 * erasure_end() or one of its kin, now or later.
	 */
	void		 (*erase)(struct erasure *);
	void		 (*erasure_close)(struct erasure *);	/* or NULL */
};

extern const struct provider provider_local, provider_s3, provider_azure,
    provider_gcs;

#endif
