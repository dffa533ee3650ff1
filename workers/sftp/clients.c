/*
 * clients - the connections of all destinations, and who waits for a client
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/sftp/clients.h"

#define CHANNELS_MAX 8		/* of one connection; OpenSSH takes 10 */
#define OPENING_MAX 4		/* clients of one identity */
#define PATIENCE 100		/* ms, for one that is in use to come free */
#define LOGIN_PATIENCE 2000	/* ms, for one that logs in */
#define CROWD 3			/* callers that wait for each other */
#define CROWD_MAX 8		/* clients of one identity, for that */
#define SLOW 1000		/* µs of a sync that others wait for */
#define IDLE_MAX 15000		/* ms; then a channel is closed */
#define ALIVE_EVERY 1000	/* ms */

struct clients *
clients_new(struct courier *courier)
{
	struct clients *clients = xcalloc(1, sizeof(*clients));

	clients->courier = courier;
	LIST_INIT(&clients->all);
	LIST_INIT(&clients->manners);
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

static bool
is_of(const struct connection *connection, const uint8_t *identity)
{
	return memcmp(connection->identity, identity, CONFIG_IDENTITY) == 0;
}

/* True if the connection has one that is, or was, of use. */
static bool
has_served(const struct connection *connection, const struct client *besides)
{
	const struct client *client;

	TAILQ_FOREACH(client, &connection->channels, entry)
		if (client != besides && client->state == CLIENT_READY)
			return true;
	return false;
}

static bool
has_another(const struct clients *clients, const struct connection *besides)
{
	const struct connection *one;

	LIST_FOREACH(one, &clients->all, entry)
		if (one != besides && one->state > CONNECTION_DIALLING &&
		    one->state < CONNECTION_BROKEN &&
		    is_of(one, besides->identity))
			return true;
	return false;
}

/*
 * A server that ends the connection when it is asked for another channel takes
 * from the others what they had under way: so it is not asked soon again.
 */
void
clients_note_end(struct connection *connection)
{
	const struct client *client;
	bool opening = false;

	if (connection->state != CONNECTION_OPEN ||
	    !has_served(connection, NULL))
		return;
	TAILQ_FOREACH(client, &connection->channels, entry)
		opening |= client->state < CLIENT_READY;
	if (!opening)
		return;
	connection->full = true;
	manners_no_channels(&connection->clients->manners,
	    connection->identity, clock_monotonic());
}

bool
clients_are_enough(struct clients *clients, const struct client *client,
    const struct why *why)
{
	struct connection *connection = client->connection;
	int64_t now = clock_monotonic();

	if (connection->full || has_served(connection, client)) {
		connection->full = true;
		if (why->code == ERROR_TIMEOUT)
			manners_no_channels(&clients->manners,
			    connection->identity, now);
		return true;
	}
	if (why->code != ERROR_CONNECT_FAILURE ||
	    !has_another(clients, connection))
		return false;
	manners_no_more(&clients->manners, connection->identity, now);
	return true;
}

/* Who is to be alone has the whole connection. */
static bool
takes(const struct connection *connection, const struct caller *caller)
{
	const struct client *client;

	if (!is_of(connection, caller->config->identity))
		return false;
	TAILQ_FOREACH(client, &connection->channels, entry)
		if (client->count > 0 && (caller->alone || client->alone))
			return false;
	return true;
}

/* The one with the fewest callers of those that take one more. */
static struct client *
find_open(const struct clients *clients, const struct caller *caller)
{
	struct connection *connection;
	struct client *client, *best = NULL;

	LIST_FOREACH(connection, &clients->all, entry)
		if (takes(connection, caller))
			TAILQ_FOREACH(client, &connection->channels, entry)
				if (client_may_join(client) &&
				    (best == NULL ||
				    client->count < best->count))
					best = client;
	return best;
}

/*
 * True if those of a channel wait for each other: a server syncs one file of a
 * channel after the other, and those of several channels at once, with little
 * more work for its disk than for one.
 */
static bool
is_crowded(const struct client *client)
{
	return client->count >= CROWD && client->sync_took >= SLOW;
}

static unsigned
count_channels(const struct connection *connection)
{
	const struct client *client;
	unsigned count = 0;

	TAILQ_FOREACH(client, &connection->channels, entry)
		count += client->state != CLIENT_BROKEN;
	return count;
}

/* A connection that takes one more channel, and is known to be of use. */
static struct connection *
find_roomy(const struct clients *clients, const struct caller *caller,
    const struct manner *known, int64_t now)
{
	struct connection *connection;

	if (caller->alone || (known != NULL && now < known->channels_at))
		return NULL;
	LIST_FOREACH(connection, &clients->all, entry)
		if (connection->state == CONNECTION_OPEN &&
		    !connection->full && takes(connection, caller) &&
		    has_served(connection, NULL) &&
		    count_channels(connection) < CHANNELS_MAX)
			return connection;
	return NULL;
}

/* How many there are, and how many of them are on their way to be of use. */
static unsigned
count_clients(const struct clients *clients, const struct caller *caller,
    unsigned *opening_r)
{
	const struct connection *connection;
	const struct client *client;
	unsigned count = 0;

	*opening_r = 0;
	LIST_FOREACH(connection, &clients->all, entry)
		if (is_of(connection, caller->config->identity))
			TAILQ_FOREACH(client, &connection->channels, entry) {
				count += client->state != CLIENT_BROKEN;
				*opening_r += client->state < CLIENT_READY;
			}
	return count;
}

static bool
is_connecting(const struct clients *clients, const struct caller *caller)
{
	const struct connection *connection;

	LIST_FOREACH(connection, &clients->all, entry)
		if (is_of(connection, caller->config->identity) &&
		    count_channels(connection) > 0 &&
		    !has_served(connection, NULL))
			return true;
	return false;
}

/*
 * A connection takes as long to open as a few small files, so the next one is
 * opened only where the clients that are there do not come free soon, nor is
 * another one about to.
 */
static bool
may_connect(const struct clients *clients, const struct caller *caller,
    int64_t now, bool crowded)
{
	int64_t waited = now - caller->since;

	return is_connecting(clients, caller) ? waited >= LOGIN_PATIENCE :
	    crowded || waited >= PATIENCE;
}

static void
connect_for(struct clients *clients, struct caller *caller)
{
	struct connection *connection = connection_new(clients,
	    caller->config, caller->timeout);

	LIST_INSERT_HEAD(&clients->all, connection, entry);
	client_begin(connection, caller);
	connection_dial(connection);
}

/*
 * Opens one more for the caller, if there may be one: a channel of a connection
 * that is there, else a connection.
 */
static bool
open_for(struct clients *clients, struct caller *caller, bool crowded,
    const struct manner *known, int64_t now)
{
	unsigned opening, count = count_clients(clients, caller, &opening);
	bool first = caller->fresh || count == 0;
	bool wanted = known == NULL || now >= known->more_at;
	struct connection *connection = first ? NULL :
	    find_roomy(clients, caller, known, now);

	if (!first && (opening >= OPENING_MAX ||
	    (crowded && count >= CROWD_MAX) || (connection == NULL &&
	    !(wanted && may_connect(clients, caller, now, crowded)))))
		return false;
	TAILQ_REMOVE(&clients->waiting, caller, entry);
	if (connection == NULL)
		connect_for(clients, caller);
	else {
		client_begin(connection, caller);
		connection_run(connection);
	}
	return true;
}

static void
serve(struct clients *clients, struct caller *caller, int64_t now)
{
	const struct manner *known = manners_find(&clients->manners,
	    caller->config->identity);
	struct client *client = NULL;
	bool crowded;

	/* Where there is to be one connection only, nobody has it alone. */
	if (known != NULL && now < known->more_at)
		caller->alone = false;
	if (!caller->fresh)
		client = find_open(clients, caller);
	crowded = client != NULL && is_crowded(client);
	if ((client == NULL || crowded) &&
	    open_for(clients, caller, crowded, known, now))
		return;
	if (client == NULL) {
		int64_t soon = caller->since + PATIENCE;

		courier_wake(clients->courier, soon > now ? soon :
		    now + PATIENCE);
		return;
	}
	TAILQ_REMOVE(&clients->waiting, caller, entry);
	client_give(client, caller);
}

/* --- time ----------------------------------------------------------------- */

/* When it is to be looked at again, monotonic ms. */
static int64_t
deadline(const struct client *client)
{
	const struct connection *connection = client->connection;
	const struct caller *caller = pending_oldest(&client->pending);

	if (client->count == 0)
		return client->idle_since + IDLE_MAX;
	if (connection->dialling)
		return INT64_MAX;
	if (caller == NULL)
		caller = TAILQ_FIRST(&client->callers);
	return (client->state == CLIENT_CONNECTING ? connection->heard :
	    client->heard) + caller->timeout;
}

/* The peer has been silent for too long, or nobody needs it. */
static void
end_overdue(struct client *client, int64_t now)
{
	int64_t since = deadline(client);
	struct why why;

	if (client->state == CLIENT_BROKEN || now < since)
		return;
	if (client->count == 0) {
		client->state = CLIENT_BROKEN;
		return;
	}
	since -= client->state == CLIENT_CONNECTING ?
	    client->connection->heard : client->heard;
	(void)why_set(&why, ERROR_TIMEOUT, "the server was silent for %lld ms",
	    (long long)since);
	/* If nothing has come for any of them it is the connection's. */
	if (client->state == CLIENT_READY &&
	    client->connection->received_at <= client->heard)
		connection_break(client->connection, &why);
	else
		client_break(client, &why);
}

/* Frees what is over, and says when to come back. */
static void
look_at_channels(struct connection *connection, int64_t now)
{
	struct client *client, *next;
	bool goes_on, closed = false;

	TAILQ_FOREACH(client, &connection->channels, entry)
		end_overdue(client, now);
	goes_on = count_channels(connection) > 0;
	TAILQ_FOREACH_SAFE(client, &connection->channels, entry, next)
		if (client->state != CLIENT_BROKEN)
			courier_wake(connection->courier, deadline(client));
		else {
			TAILQ_REMOVE(&connection->channels, client, entry);
			client_free(client, goes_on);
			closed = true;
		}
	/* What that has read may be others' answers. */
	if (closed && goes_on)
		connection_run(connection);
}

static void
look_at_all(struct clients *clients, int64_t now)
{
	struct connection *connection, *next;

	LIST_FOREACH_SAFE(connection, &clients->all, entry, next) {
		look_at_channels(connection, now);
		if (TAILQ_EMPTY(&connection->channels) &&
		    !connection->dialling) {
			LIST_REMOVE(connection, entry);
			connection_free(connection);
		}
	}
}

static void
tell_alive(struct clients *clients, int64_t now)
{
	const struct connection *connection;
	struct client *client;
	struct caller *caller;

	if (now - clients->alive_at < ALIVE_EVERY)
		return;
	clients->alive_at = now;
	LIST_FOREACH(connection, &clients->all, entry)
		TAILQ_FOREACH(client, &connection->channels, entry)
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
	struct connection *connection;
	const struct client *client;
	bool asked;

	LIST_FOREACH(connection, &clients->all, entry) {
		asked = false;
		TAILQ_FOREACH(client, &connection->channels, entry)
			asked |= client->out.len > 0;
		if (asked)
			connection_run(connection);
	}
}

void
clients_turn(struct clients *clients)
{
	struct caller *caller, *next;
	int64_t now = clock_monotonic();

	look_at_all(clients, now);
	manners_forget(&clients->manners, now);
	tell_alive(clients, now);
	TAILQ_FOREACH_SAFE(caller, &clients->waiting, entry, next)
		serve(clients, caller, now);
	run_asked(clients);
	if (!LIST_EMPTY(&clients->all))
		courier_wake(clients->courier, now + ALIVE_EVERY);
}
