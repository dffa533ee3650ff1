/*
 * config - a webhook destination's settings, as spoold hands them out
 *
 * Kept only while an attempt of that destination is under way, then wiped.
 */
#ifndef WORKERS_WEBHOOK_CONFIG_H
#define WORKERS_WEBHOOK_CONFIG_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/signing.h"
#include "lib/why.h"

#include "workers/common/http.h"

enum body_form { BODY_DEFAULT, BODY_ENVELOPE, BODY_DATA, BODY_FILE };

struct config_header {
	char	*name, *value;		/* own */
};

struct config {
	LIST_ENTRY(config) entry;
	char		*text;		/* own; as it was handed out */
	unsigned	 users;		/* attempts that hold it */
	char		*url, *method;	/* own */
	struct config_header auth;	/* own; no name: none is asked for */
	struct config_header *headers;	/* own */
	size_t		 header_count;
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

LIST_HEAD(configs, config);

/*
 * What `text` says, read if no attempt under way holds the same.  NULL with
 * *why.  Given back by config_release().
 */
struct config	*config_hold(struct configs *, const char *text,
		    const char *tls_minimum, struct why *);
void		 config_release(struct config *);

#endif
