/*
 * config - a storage destination's settings, as spoold hands them out
 */
#ifndef WORKERS_STORAGE_CONFIG_H
#define WORKERS_STORAGE_CONFIG_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/json.h"
#include "lib/why.h"

#include "workers/common/http.h"

struct provider;			/* provider.h */

struct local_config {
	char		*directory;	/* own */
	char		*group;		/* own; NULL: as it comes */
	mode_t		 mode;		/* of files */
};

struct s3_config {
	char		*endpoint;	/* own; without a `/` at the end */
	char		*region, *bucket;	/* own */
	char		*key_id, *secret;	/* own */
	char		*token;		/* own; NULL: none */
	char		*storage_class, *encryption, *kms_key;	/* own; NULL */
	char		*lock_mode;	/* own; NULL: no lock */
	int64_t		 lock_days;
	bool		 path_style;
};

/* A key, or a SAS in its place. */
struct azure_config {
	char		*endpoint;	/* own; without a `/` at the end */
	char		*account, *container;	/* own */
	char		*key;		/* own; base64; NULL */
	char		*sas;		/* own; without its `?`; NULL */
};

/* A service account, or a token in its place. */
struct gcs_config {
	char		*endpoint;	/* own; without a `/` at the end */
	char		*bucket;	/* own */
	char		*token;		/* own; NULL */
	char		*email, *key, *key_id;	/* own; of the account; NULL */
	char		*token_uri;	/* own; the audience; NULL */
	char		*token_endpoint;	/* own; NULL */
};

struct config {
	const struct provider *provider;
	char		*path, *filename;	/* own; templates, or NULL */
	bool		 overwrite;
	bool		 cleanup;	/* what is stored is erased some day */
	struct http_tls	 tls;		/* own */
	struct http_proxy proxy;	/* own */
	struct local_config local;	/* of the provider's alone */
	struct s3_config s3;
	struct azure_config azure;
	struct gcs_config gcs;
};

/* What a destination's config says.  NULL with *why. */
struct config	*config_read(const struct json *, const char *tls_minimum,
		    struct why *);
/* Wipes it. */
void		 config_free(struct config *);

#endif
