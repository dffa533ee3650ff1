/*
 * test - whether a server can be reached, and takes mail
 */
#ifndef WORKERS_EMAIL_TEST_H
#define WORKERS_EMAIL_TEST_H

#include "workers/common/courier.h"
#include "workers/email/api.h"
#include "workers/email/encoded.h"
#include "workers/email/mime.h"

/* A trial's state. */
struct synthetic {
	struct mime	 mime;		/* of the mail that is no delivery */
	const char	**recipients;	/* own */
	/* Of a service that is an API: */
	struct encoded	 body;
	struct api_call	 call;
	int64_t		 begun;		/* ms of the trial */
};

void	 test_start(struct trial *);
void	 test_smtp(struct trial *);
void	 test_close(struct trial *);

#endif
