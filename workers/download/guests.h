/*
 * guests - how much each address may ask for
 *
 * A bucket of requests that fills up again, and how many connections and
 * requests of it there are at once.  Of IPv6 a /64 is one guest: that many
 * addresses everybody has.  The table is bounded; who has not been seen for
 * longest and has nothing open is forgotten first.
 */
#ifndef WORKERS_DOWNLOAD_GUESTS_H
#define WORKERS_DOWNLOAD_GUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/network.h"

#define GUESTS_MAX 4096
#define GUEST_BURST 300		/* requests */
#define GUEST_RATE 30		/* more of them each second */
#define GUEST_AT_ONCE 200	/* connections, and requests, at once */

struct guests;				/* opaque */

enum guest_use { GUEST_CONNECTION, GUEST_REQUEST, GUEST_USES };

struct guests	*guests_new(void);
void		 guests_free(struct guests **);

/*
 * One more of these of that address, `now` in monotonic ms: true if it may.
 * Then guests_leave() takes it back.
 */
bool		 guests_enter(struct guests *, const struct address *,
		    enum guest_use, int64_t now);
void		 guests_leave(struct guests *, const struct address *,
		    enum guest_use);

size_t		 guests_known(const struct guests *);

#endif
