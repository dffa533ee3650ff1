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
#include "lib/why.h"

enum body_form { BODY_DEFAULT, BODY_ENVELOPE, BODY_DATA, BODY_FILE };

struct config {
	LIST_ENTRY(config) entry;
	char		*destination;	/* own */
	int64_t		 version;
	unsigned	 users;		/* attempts that hold it */
	char		*url, *method;	/* own */
	char		**headers;	/* own; `Name: value` */
	size_t		 header_count;
	enum body_form	 body;
	bool		 standard, x_webhook;	/* the signatures */
	struct buf	 secret;	/* own; the key's bytes */
	char		*ca;		/* own; PEM, or NULL */
	char		*tls_minimum;	/* own */
};

LIST_HEAD(configs, config);

/*
 * The config of that destination and version, read from `text` if it is not
 * held yet.  NULL with *why.  Given back by config_release().
 */
struct config	*config_hold(struct configs *, const char *destination,
		    int64_t version, const char *text,
		    const char *tls_minimum, struct why *);
void		 config_release(struct config *);

#endif
