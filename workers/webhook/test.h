/*
 * test - one request to a destination that is no delivery
 */
#ifndef WORKERS_WEBHOOK_TEST_H
#define WORKERS_WEBHOOK_TEST_H

#include "lib/buf.h"

#include "workers/common/courier.h"

/* A trial's state: the delivery that is none. */
struct synthetic {
	struct buf	 body;		/* own; empty: HEAD */
};

void	 test_start(struct trial *);
void	 test_close(struct trial *);

#endif
