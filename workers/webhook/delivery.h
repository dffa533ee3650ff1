/*
 * delivery - a ticket on its way to a webhook
 *
 * The body is gone through once to be signed and once to be sent; a small one
 * is kept from the first time, and goes out in one piece with its headers.
 */
#ifndef WORKERS_WEBHOOK_DELIVERY_H
#define WORKERS_WEBHOOK_DELIVERY_H

#include "workers/common/courier.h"
#include "workers/webhook/body.h"
#include "workers/webhook/sign.h"

#define DELIVERY_KEPT (16 * 1024)	/* bytes of a body that is read once */

/* What all deliveries of this process share: courier_own(). */
struct webhook {
	struct signer	*signer;	/* own */
	struct attempt	*collector;	/* borrowed; whose body is kept to be
					 * signed, or NULL */
};

/* An attempt's state. */
struct delivery {
	struct body	 body;
	char		*bytes;		/* own; the body, if it is small */
	struct signature *signature;	/* own; until the headers are made */
	struct why	 broken;	/* why the request was stopped */
};

int	 delivery_open(struct attempt *, struct why *);
int	 delivery_prepare(struct attempt *, int64_t *done, struct why *);
void	 delivery_send(struct attempt *);
void	 delivery_close(struct attempt *);

#endif
