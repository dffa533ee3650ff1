/*
 * message - what is sent of a job: templates filled in, headers, parts
 */
#ifndef WORKERS_EMAIL_MESSAGE_H
#define WORKERS_EMAIL_MESSAGE_H

#include "lib/buf.h"
#include "lib/id.h"

#include "workers/common/courier.h"
#include "workers/email/config.h"
#include "workers/email/mime.h"

#define MESSAGE_TEXT_MAX (1024 * 1024)	/* bytes of each text */
#define MESSAGE_LINE_MAX 998		/* of a subject or a name */
#define MESSAGE_DATA_MAX (256 * 1024)	/* of data that a text has in it */
#define MESSAGE_METADATA_MAX (64 * 1024)
/* What all can read of an encrypted one, with its delivery's id. */
#define MESSAGE_HIDDEN_SUBJECT "Encrypted message %s"

/*
 * Composes the message of an attempt into a zeroed mime.  `data` are the job's
 * bytes of it, where a template asks for them, or empty.  0, or -1 with *why:
 * this job cannot be sent to this destination, or (CONFIG_ERROR) not before
 * the destination is mended.
 */
int	 message_compose(struct mime *, struct attempt *,
	    const struct buf *data, struct why *);

/* One that is sent to see whether it can be. */
int	 message_compose_test(struct mime *, const struct config *,
	    const struct id *, const char *organization, struct why *);

#endif
