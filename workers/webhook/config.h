/*
 * config - a webhook destination's settings, as spoold hands them out
 */
#ifndef WORKERS_WEBHOOK_CONFIG_H
#define WORKERS_WEBHOOK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/signing.h"
#include "lib/why.h"

#include "workers/common/headers.h"
#include "workers/common/http.h"
#include "workers/common/settings.h"

enum body_form { BODY_DEFAULT, BODY_ENVELOPE, BODY_DATA, BODY_FILE };

struct config {
	char		*url, *method;	/* own */
	struct settings_header auth;	/* own; no name: none is asked for */
	struct settings_headers headers;	/* own */
	enum body_form	 body;
	bool		 standard, x_webhook;	/* the signatures */
	struct config_secret {
		bool		 ed25519;
		struct buf	 key;	/* own; its bytes */
	}		 secrets[SIGNING_SECRETS_MAX];	/* the current first */
	size_t		 secret_count;
	struct http_tls	 tls;		/* own */
	struct http_proxy proxy;	/* own */
	char		*success;	/* own; statuses, one a line; "": 2xx */
};

/* What a destination's config says.  NULL with *why. */
struct config	*config_read(const struct json *, const char *tls_minimum,
		    struct why *);
/* Wipes it. */
void		 config_free(struct config *);

/* Sets the headers that the destination asks for.  0, or -1 with *why. */
int		 config_headers(const struct config *, struct headers *,
		    struct why *);

#endif
