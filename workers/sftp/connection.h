/*
 * connection - one connection to a server, from dialling to the login
 *
 * What goes over it are its channels, each a client (client.h) with requests
 * of its own.  All of it happens in the courier's loop.
 */
#ifndef WORKERS_SFTP_CONNECTION_H
#define WORKERS_SFTP_CONNECTION_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "workers/common/courier.h"
#include "workers/sftp/config.h"
#include "workers/sftp/session.h"

struct client;
struct clients;

enum connection_state { CONNECTION_DIALLING, CONNECTION_OPENING,
	CONNECTION_OPEN, CONNECTION_BROKEN };

/* When it had come to a point, monotonic ms; 0: it never had. */
struct connection_times {
	int64_t		 begun, resolved, connected, trusted, logged_in;
};

struct connection {
	LIST_ENTRY(connection) entry;
	TAILQ_HEAD(, client) channels;	/* own; none: of no use any more */
	struct courier	*courier;	/* borrowed */
	struct clients	*clients;	/* borrowed: it is one of theirs */
	const struct config *config;	/* borrowed until it is open */
	int64_t		 timeout;	/* ms without progress */
	uint8_t		 identity[CONFIG_IDENTITY];
	enum connection_state state;
	bool		 dialling;	/* libcurl still knows of it */
	bool		 full;		/* the server lets in no more channels */
	struct session	*session;	/* own */
	struct watch	 watch;
	bool		 watched;
	enum family	 family;	/* that is asked for */
	struct why	 mismatch;	/* of the first key, or code 0 */
	enum family	 shown;		/* of the server's key */
	uint8_t		 sha256[HOSTKEY_HASH];	/* of it */
	struct connection_times times;
	char		 peer[64];
	int64_t		 heard;		/* monotonic ms of the last progress */
	uint64_t	 received;	/* bytes, as was seen last */
	int64_t		 received_at;	/* when they had become more */
};

/* Begins to connect; the first of its channels joins meanwhile. */
struct connection	*connection_new(struct clients *, const struct config *,
			    int64_t timeout);
void			 connection_dial(struct connection *);

/* Goes on, with all of its channels, until it has to wait. */
void			 connection_run(struct connection *);

/* It is of no use any more: all of its channels are told. */
void			 connection_break(struct connection *,
			    const struct why *);

/* It has no channels any more, and libcurl knows nothing of it. */
void			 connection_free(struct connection *);

#endif
