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

/* What is to be sent, its templates filled in; a zeroed one is empty. */
struct message {
	struct json	*values;	/* own; what the templates know */
	struct buf	 subject, text, html, name;	/* own */
	char		 id[ID_LENGTH + 1];	/* of the delivery */
	struct mime_parts parts;	/* borrowed from these */
};

/*
 * Fills in an empty message with what an attempt sends.  `data` are the job's
 * bytes of it, where a template asks for them, or empty.  0, or -1 with *why:
 * this job cannot be sent to this destination, or (CONFIG_ERROR) not before
 * the destination is mended.
 */
int	 message_render(struct message *, struct attempt *,
	    const struct buf *data, struct why *);
/* With what is sent to see whether it can be. */
void	 message_render_test(struct message *, const struct id *,
	    const char *organization);
void	 message_free(struct message *);

/* Whether an attempt's content is attached, and not in a text. */
bool	 message_attaches(const struct attempt *);

/* Appends a Message-ID. */
void	 message_id(struct buf *, const struct config *, const char *id,
	    const char *destination);

/*
 * Composes the message of an attempt into a zeroed mime; as message_render().
 */
int	 message_compose(struct mime *, struct attempt *,
	    const struct buf *data, struct why *);

/* One that is sent to see whether it can be. */
int	 message_compose_test(struct mime *, const struct config *,
	    const struct id *, const char *organization, struct why *);

#endif
