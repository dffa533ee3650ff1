/*
 * clients - the sessions of all destinations, and who waits for one
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/sftp/clients.h"

#define OPENING_MAX 2		/* sessions of one identity */
#define PATIENCE 100		/* ms, for one that is in use to come free */
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

static bool
is_alike(const struct client *client, const struct caller *caller)
{
	return memcmp(client->identity, caller->config->identity,
	    CONFIG_IDENTITY) == 0;
}

static struct client *
find_idle(const struct clients *clients, const struct caller *caller)
{
	struct client *client;

	LIST_FOREACH(client, &clients->all, entry)
		if (client->state == CLIENT_READY && client->caller == NULL &&
		    is_alike(client, caller))
			break;
	return client;
}

/*
 * A session takes as long to open as a few small files, so the next one is
 * opened only where those that are there do not come free soon.
 */
static bool
may_open(const struct clients *clients, const struct caller *caller,
    int64_t now)
{
	const struct client *client;
	int opening = 0, open = 0;

	LIST_FOREACH(client, &clients->all, entry)
		if (client->state <= CLIENT_READY && is_alike(client, caller)) {
			opening += client->state < CLIENT_READY ? 1 : 0;
			open++;
		}
	return open == 0 || caller->fresh || (opening < OPENING_MAX &&
	    now - caller->since >= PATIENCE);
}

static void
serve(struct clients *clients, struct caller *caller, int64_t now)
{
	struct client *client = caller->fresh ? NULL :
	    find_idle(clients, caller);

	if (client == NULL && !may_open(clients, caller, now)) {
		int64_t soon = caller->since + PATIENCE;

		courier_wake(clients->courier, soon > now ? soon :
		    now + PATIENCE);
		return;
	}
	TAILQ_REMOVE(&clients->waiting, caller, entry);
	if (client != NULL) {
		client_give(client, caller);
		return;
	}
	client = xcalloc(1, sizeof(*client));
	client->courier = clients->courier;
	client->waiting = &clients->waiting;
	LIST_INSERT_HEAD(&clients->all, client, entry);
	client_begin(client, caller);
}

/* --- time ----------------------------------------------------------------- */

/* When it is to be looked at again, monotonic ms. */
static int64_t
deadline(const struct client *client)
{
	if (client->caller != NULL)
		return client->dialling ? INT64_MAX :
		    client->heard + client->caller->timeout;
	return client->idle_since + IDLE_MAX;
}

/* The peer has been silent for too long, or nobody needs it. */
static void
end_overdue(struct client *client, int64_t now)
{
	struct why why;

	if (client->state == CLIENT_BROKEN || now < deadline(client))
		return;
	if (client->caller == NULL)
		client->state = CLIENT_BROKEN;
	else {
		(void)why_set(&why, ERROR_TIMEOUT,
		    "the server was silent for %lld ms",
		    (long long)client->caller->timeout);
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
		if (client->caller != NULL && client->caller->alive != NULL)
			client->caller->alive(client->caller->arg);
	TAILQ_FOREACH(caller, &clients->waiting, entry)
		if (caller->alive != NULL)
			caller->alive(caller->arg);
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
	if (!LIST_EMPTY(&clients->all))
		courier_wake(clients->courier, now + ALIVE_EVERY);
}
