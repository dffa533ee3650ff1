/*
 * download - what the parts of the worker share
 */
#ifndef WORKERS_DOWNLOAD_H
#define WORKERS_DOWNLOAD_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

#include "workers/common/courier.h"
#include "workers/download/certificate.h"
#include "workers/download/guests.h"
#include "workers/download/listener.h"
#include "workers/download/pass.h"
#include "workers/download/peer.h"
#include "workers/download/server.h"

struct visit;

struct download {
	struct courier	*courier;	/* borrowed */
	struct listener	 listener;
	struct certificate certificate;
	struct peers	 peers;
	struct guests	*guests;	/* own */
	struct passes	*passes;	/* own */
	struct server_handler handler;
	struct server	*server;	/* own */
	struct watch	 watch;		/* of the server */
	struct buf	 policy;	/* own; of the pages */
	char		*where;		/* own; as it was configured */
	/* Requests that wait: for spoold, or for their time. */
	TAILQ_HEAD(visits, visit) asking, late;
	uint64_t	 tokens;	/* given out so far */
};

#endif
