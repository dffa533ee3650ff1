/*
 * delivery - a ticket on its way as a mail
 */
#ifndef WORKERS_EMAIL_DELIVERY_H
#define WORKERS_EMAIL_DELIVERY_H

#include <openssl/evp.h>

#include "workers/common/courier.h"
#include "workers/email/api.h"
#include "workers/email/config.h"
#include "workers/email/encoded.h"
#include "workers/email/mime.h"
#include "workers/email/smtp.h"

/* An attempt's state. */
struct delivery {
	struct buf	 data;		/* own; of the job, for its templates */
	struct extent_reader reader;	/* of that */
	struct mime	 mime;
	const char	**recipients;	/* own; each is the destination's */
	struct why	 broken;	/* why it was stopped */
	bool		 composed;
	/* Of what goes to an API: */
	struct encoded	 body;
	EVP_MD_CTX	*digest;	/* own; of that, while it is made */
	struct api_call	 call;
};

/* Of all services. */
int	 delivery_prepare(struct attempt *, int64_t *done, struct why *);
void	 delivery_send(struct attempt *);
void	 delivery_close(struct attempt *);

/* Fills in who sends to whom; the list of recipients is own. */
const char	**delivery_envelope(const struct config *, struct smtp_mail *);

#endif
