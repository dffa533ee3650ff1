/*
 * test - one request to a destination that is no delivery
 *
 * It goes over a connection of its own, so that each step on the way is made
 * and measured: the name, the connection, TLS, whether the credentials are
 * accepted, and, if that is asked for, whether a synthetic delivery is.
 */
#ifndef WORKERS_WEBHOOK_TEST_H
#define WORKERS_WEBHOOK_TEST_H

#include "lib/link.h"

#include "workers/webhook/attempt.h"

/* Begins the test that a record asks for; `tested` answers it. */
void	 test_take(struct courier *, const struct link_record *);

#endif
