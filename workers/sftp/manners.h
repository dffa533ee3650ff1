/*
 * manners - what servers are known not to take
 *
 * By identity, and for a while only: nobody else's server is treated by it.
 */
#ifndef WORKERS_SFTP_MANNERS_H
#define WORKERS_SFTP_MANNERS_H

#include <sys/queue.h>

#include <stdint.h>

#include "workers/sftp/config.h"

/* From when on more than one of them are tried again; monotonic ms. */
struct manner {
	LIST_ENTRY(manner) entry;
	uint8_t		 identity[CONFIG_IDENTITY];
	int64_t		 more_at;	/* connections */
	int64_t		 channels_at;	/* channels of a connection */
};

LIST_HEAD(manners, manner);

/* What is known of one; NULL: nothing. */
const struct manner	*manners_find(const struct manners *,
			    const uint8_t *identity);

/* It let no other connection in. */
void	 manners_no_more(struct manners *, const uint8_t *identity,
	    int64_t now);

/* It did not answer to another channel, or ended the connection over it. */
void	 manners_no_channels(struct manners *, const uint8_t *identity,
	    int64_t now);

/* Forgets what has not counted for long. */
void	 manners_forget(struct manners *, int64_t now);

#endif
