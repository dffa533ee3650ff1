/*
 * service - what takes the mail: a table of functions for each
 *
 * They are called as a transport's are (workers/common/courier.h).  Those that
 * are asked by HTTP share theirs, and have a table of facts (api.h).
 */
#ifndef WORKERS_EMAIL_SERVICE_H
#define WORKERS_EMAIL_SERVICE_H

#include "workers/common/courier.h"

struct api;				/* api.h */

struct service {
	const char	*name;
	/* Composes what an attempt sends, once its data are there. */
	int		 (*compose)(struct attempt *, struct why *);
	/* A slice of what comes before `send`; as a transport's.  Or NULL. */
	int		 (*prepare)(struct attempt *, int64_t *done,
			    struct why *);
	void		 (*send)(struct attempt *);
	void		 (*test)(struct trial *);
	const struct api *api;		/* NULL: not by HTTP */
};

extern const struct service service_smtp, service_sendgrid, service_resend,
    service_ses, service_custom;

#endif
