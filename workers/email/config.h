/*
 * config - an email destination's settings, as spoold hands them out
 */
#ifndef WORKERS_EMAIL_CONFIG_H
#define WORKERS_EMAIL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/json.h"
#include "lib/mail_address.h"
#include "lib/why.h"

#include "workers/common/settings.h"
#include "workers/email/service.h"
#include "workers/email/smime.h"
#include "workers/email/smtp.h"

/* Addresses of one header. */
struct config_addresses {
	struct mail_address *list;	/* own */
	size_t		 count;
};

struct config {
	const struct service *service;
	struct smtp_server server;	/* own; all of them use its TLS and
					 * proxy */
	char		*endpoint;	/* own; of an API, without a `/` at its
					 * end but for custom; NULL for smtp */
	char		*api_key;	/* own; of the service's alone, these */
	char		*region, *key_id, *secret;	/* own */
	char		*request;	/* own; a template of JSON */
	struct settings_headers headers;	/* own */
	struct mail_address from, reply_to;	/* own; the latter has no
					 * address if there is none */
	struct config_addresses to, cc, bcc;	/* own */
	char		*subject;	/* own; a template */
	char		*text, *html, *attachment_name;	/* own; or NULL */
	bool		 uses_data;	/* a body has the data in it */
	int64_t		 max_size;	/* bytes; 0: the server's */
	struct smime_keys smime;	/* own */
};

/* What a destination's config says.  NULL with *why. */
struct config	*config_read(const struct json *, const char *tls_minimum,
		    struct why *);
/* Wipes it. */
void		 config_free(struct config *);

#endif
