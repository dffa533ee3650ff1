/*
 * clients - the sessions of all destinations, and who waits for one
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/sftp/clients.h"

#define OPENING_MAX 4		/* sessions of one identity */
#define PATIENCE 100		/* ms, for one that is in use to come free */
#define CROWD 3			/* callers that wait for each other */
#define SLOW 1000		/* µs of a sync that others wait for */
#define UNWANTED 30000		/* ms until a server is asked for more again */
#define IDLE_MAX 15000		/* ms; then a session is closed */
#define ALIVE_EVERY 1000	/* ms */

struct clients *
clients_new(struct courier *courier)
{
	struct clients *clients = xcalloc(1, sizeof(*clients));

	clients->courier = courier;
	LIST_INIT(&clients->all);
	TAILQ_INIT(&clients->waiting);
	return clients;
}

void
clients_ask(struct clients *clients, struct caller *caller)
{
	caller->client = NULL;
	caller->since = clock_monotonic();
	TAILQ_INSERT_TAIL(&clients->waiting, caller, entry);
}

void
clients_leave(struct clients *clients, struct caller *caller, bool clean)
{
	if (caller->client != NULL)
		client_leave(caller, clean);
	else
		TAILQ_REMOVE(&clients->waiting, caller, entry);
}

/* --- who waits ------------------------------------------------------------ */

void
clients_return(struct clients *clients, struct caller *caller)
{
	caller->client = NULL;
	caller->since = clock_monotonic();
	TAILQ_INSERT_HEAD(&clients->waiting, caller, entry);
	courier_wake(clients->courier, caller->since);
}

bool
clients_have_another(const struct clients *clients,
    const struct client *besides)
{
	const struct client *client;

	LIST_FOREACH(client, &clients->all, entry)
		if (client != besides && client->state > CLIENT_DIALLING &&
		    client->state < CLIENT_BROKEN &&
		    memcmp(client->identity, besides->identity,
		    CONFIG_IDENTITY) == 0)
			return true;
	return false;
}

void
clients_have_enough(struct clients *clients)
{
	clients->more_at = clock_monotonic() + UNWANTED;
}

static bool
is_alike(const struct client *client, const struct caller *caller)
{
	return memcmp(client->identity, caller->config->identity,
	    CONFIG_IDENTITY) == 0;
}

/* The one with the fewest callers of those that take one more. */
static struct client *
find_open(const struct clients *clients, const struct caller *caller)
{
	struct client *client, *best = NULL;

	LIST_FOREACH(client, &clients->all, entry)
		if (client_may_join(client, caller) &&
		    is_alike(client, caller) &&
		    (best == NULL || client->count < best->count))
			best = client;
	return best;
}

/*
 * True if those of a session that is open wait for each other: a server syncs
 * one file of a session after the other, and those of several sessions at
 * once, with little more work for its disk than for one.
 */
static bool
is_crowded(const struct client *client)
{
	return client->count >= CROWD && client->sync_took >= SLOW;
}

/*
 * A session takes as long to open as a few small files, so the next one is
 * opened only where those that are there do not come free soon.
 */
static bool
may_open(const struct clients *clients, const struct caller *caller,
    int64_t now, bool crowded)
{
	const struct client *client;
	int opening = 0;

	LIST_FOREACH(client, &clients->all, entry)
		if (client->state < CLIENT_READY && is_alike(client, caller))
			opening++;
	return opening < OPENING_MAX && now >= clients->more_at &&
	    (crowded || now - caller->since >= PATIENCE);
}

static bool
has_any(const struct clients *clients, const struct caller *caller)
{
	const struct client *client;

	LIST_FOREACH(client, &clients->all, entry)
		if (client->state <= CLIENT_READY && is_alike(client, caller))
			return true;
	return false;
}

static void
open_for(struct clients *clients, struct caller *caller)
{
	struct client *client = xcalloc(1, sizeof(*client));

	client->courier = clients->courier;
	client->clients = clients;
	LIST_INSERT_HEAD(&clients->all, client, entry);
	client_begin(client, caller);
}

/* True if the caller is to open a session, though it might join that one. */
static bool
is_to_open(const struct clients *clients, const struct caller *caller,
    const struct client *client, int64_t now)
{
	bool crowded = client != NULL && is_crowded(client);

	if (!has_any(clients, caller) || caller->fresh)
		return true;
	return (client == NULL || crowded) &&
	    may_open(clients, caller, now, crowded);
}

static void
serve(struct clients *clients, struct caller *caller, int64_t now)
{
	struct client *client = NULL;
	bool open;

	/* Where there is to be one session only, nobody has it alone. */
	if (now < clients->more_at)
		caller->alone = false;
	if (!caller->fresh)
		client = find_open(clients, caller);
	open = is_to_open(clients, caller, client, now);
	if (client == NULL && !open) {
		int64_t soon = caller->since + PATIENCE;

		courier_wake(clients->courier, soon > now ? soon :
		    now + PATIENCE);
		return;
	}
	TAILQ_REMOVE(&clients->waiting, caller, entry);
	if (open)
		open_for(clients, caller);
	else
		client_give(client, caller);
}

/* --- time ----------------------------------------------------------------- */

/* When it is to be looked at again, monotonic ms. */
static int64_t
deadline(const struct client *client)
{
	const struct caller *caller = pending_oldest(&client->pending);

	if (client->count == 0)
		return client->idle_since + IDLE_MAX;
	if (client->dialling)
		return INT64_MAX;
	if (caller == NULL)
		caller = TAILQ_FIRST(&client->callers);
	return client->heard + caller->timeout;
}

/* The peer has been silent for too long, or nobody needs it. */
static void
end_overdue(struct client *client, int64_t now)
{
	struct why why;

	if (client->state == CLIENT_BROKEN || now < deadline(client))
		return;
	if (client->count == 0)
		client->state = CLIENT_BROKEN;
	else {
		(void)why_set(&why, ERROR_TIMEOUT,
		    "the server was silent for %lld ms",
		    (long long)(deadline(client) - client->heard));
		client_break(client, &why);
	}
}

/* Frees what is over, and says when to come back. */
static void
look_at_all(struct clients *clients, int64_t now)
{
	struct client *client, *next;

	LIST_FOREACH_SAFE(client, &clients->all, entry, next) {
		end_overdue(client, now);
		if (client->state != CLIENT_BROKEN)
			courier_wake(clients->courier, deadline(client));
		else if (!client->dialling) {
			LIST_REMOVE(client, entry);
			client_free(client);
		}
	}
}

static void
tell_alive(struct clients *clients, int64_t now)
{
	struct client *client;
	struct caller *caller;

	if (now - clients->alive_at < ALIVE_EVERY)
		return;
	clients->alive_at = now;
	LIST_FOREACH(client, &clients->all, entry)
		TAILQ_FOREACH(caller, &client->callers, entry)
			if (caller->alive != NULL)
				caller->alive(caller->arg);
	TAILQ_FOREACH(caller, &clients->waiting, entry)
		if (caller->alive != NULL)
			caller->alive(caller->arg);
}

/* What several callers have just asked for goes together. */
static void
run_asked(struct clients *clients)
{
	struct client *client;

	LIST_FOREACH(client, &clients->all, entry)
		if (client->state == CLIENT_READY && client->out.len > 0)
			client_run(client);
}

void
clients_turn(struct clients *clients)
{
	struct caller *caller, *next;
	int64_t now = clock_monotonic();

	look_at_all(clients, now);
	tell_alive(clients, now);
	TAILQ_FOREACH_SAFE(caller, &clients->waiting, entry, next)
		serve(clients, caller, now);
	run_asked(clients);
	if (!LIST_EMPTY(&clients->all))
		courier_wake(clients->courier, now + ALIVE_EVERY);
}
