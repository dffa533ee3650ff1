/*
 * test - whether a server can be reached, and takes mail
 */
#ifndef WORKERS_EMAIL_TEST_H
#define WORKERS_EMAIL_TEST_H

#include "workers/common/courier.h"
#include "workers/email/mime.h"

/* A trial's state. */
struct synthetic {
	struct mime	 mime;		/* of the mail that is no delivery */
	const char	**recipients;	/* own */
};

void	 test_start(struct trial *);
void	 test_close(struct trial *);

#endif
