/*
 * connection - one connection to a server, from dialling to the login
 *
 * Nothing here waits.  A fingerprint does not say of which type the key is,
 * and a server shows one key only.  So where the first is another one, each
 * other family is asked for, before it is called a mismatch.
 *
 * What is read for one channel may bring answers to others, which then wait in
 * libssh and no longer in the socket.  So channels take turns until none of
 * them did anything, and nothing was read either.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/sftp/clients.h"

#define TURNS_MAX 32		/* of the channels, at once */

/* --- the end -------------------------------------------------------------- */

static void
connection_unwatch(struct connection *connection)
{
	if (connection->watched)
		courier_unwatch(connection->courier, &connection->watch);
	connection->watched = false;
}

void
connection_break(struct connection *connection, const struct why *why)
{
	struct client *client;

	connection_unwatch(connection);
	clients_note_end(connection);
	connection->state = CONNECTION_BROKEN;
	TAILQ_FOREACH(client, &connection->channels, entry)
		if (client->state != CLIENT_BROKEN)
			client_break(client, why);
}

void
connection_free(struct connection *connection)
{
	connection_unwatch(connection);
	session_free(&connection->session);
	free(connection);
}

/* --- dialling ------------------------------------------------------------- */

static void
watch_ready(void *arg, short events)
{
	(void)events;
	connection_run(arg);
}

static void
dial_moved(void *arg, int64_t sent)
{
	(void)arg;
	(void)sent;
}

static void
dial_failed(struct connection *connection, const struct http_answer *answer)
{
	struct why why;

	(void)why_set(&why, answer->error, "%s%s%s", answer->peer,
	    answer->peer[0] != '\0' ? ": " : "", answer->words);
	connection_break(connection, &why);
}

static int64_t
time_of(const struct connection *connection, int64_t from_start)
{
	return from_start == -1 ? 0 : connection->times.begun + from_start;
}

static bool
is_wanted(const struct connection *connection)
{
	const struct client *client;

	TAILQ_FOREACH(client, &connection->channels, entry)
		if (client->state != CLIENT_BROKEN)
			return true;
	return false;
}

static void
dial_done(void *arg, const struct http_answer *answer)
{
	struct connection *connection = arg;
	struct why why;

	connection->dialling = false;
	if (!is_wanted(connection)) {	/* given up meanwhile */
		if (answer->socket != -1)
			(void)close(answer->socket);
		return;
	}
	connection->times.resolved = time_of(connection, answer->resolved);
	connection->times.connected = time_of(connection, answer->connected);
	memcpy(connection->peer, answer->peer, sizeof(connection->peer));
	connection->heard = clock_monotonic();
	if (answer->socket == -1) {
		dial_failed(connection, answer);
		return;
	}
	connection->session = session_new(answer->socket, connection->config,
	    connection->family, &why);
	if (connection->session == NULL) {
		connection_break(connection, &why);
		return;
	}
	connection->state = CONNECTION_OPENING;
	connection->watch = (struct watch) { .fd = answer->socket,
	    .events = POLLIN | POLLOUT, .ready = watch_ready,
	    .arg = connection };
	courier_watch(connection->courier, &connection->watch);
	connection->watched = true;
	connection_run(connection);
}

void
connection_dial(struct connection *connection)
{
	const struct config *config = connection->config;
	const struct http_request request = {
		.url = config->url,
		.method = "CONNECT",
		.timeout = connection->timeout,
		.only_connect = true,
		.tls.minimum = config->tls_minimum,
		.proxy = config->proxy,
		.moved = dial_moved,
		.done = dial_done,
		.arg = connection,
	};
	struct why why;

	connection->state = CONNECTION_DIALLING;
	connection->times = (struct connection_times) {
	    .begun = clock_monotonic() };
	connection->heard = connection->times.begun;
	connection->dialling = true;
	if (http_start(courier_http(connection->courier), &request, &why) == 0)
		return;
	connection->dialling = false;
	connection_break(connection, &why);
}

struct connection *
connection_new(struct clients *clients, const struct config *config,
    int64_t timeout)
{
	struct connection *connection = xcalloc(1, sizeof(*connection));

	TAILQ_INIT(&connection->channels);
	connection->courier = clients->courier;
	connection->clients = clients;
	connection->config = config;
	connection->timeout = timeout;
	memcpy(connection->identity, config->identity, CONFIG_IDENTITY);
	return connection;
}

/* --- opening -------------------------------------------------------------- */

/*
 * True if the server may have the key that is pinned besides; or, where it has
 * none of the kind that is pinned, if which it has is still to be seen.
 */
static bool
is_family_left(struct connection *connection, const struct why *why)
{
	const struct config *config = connection->config;

	if (why->code != ERROR_HOST_KEY_MISMATCH || !config->pinned ||
	    connection->family == FAMILY_unpinned)
		return false;
	if (connection->mismatch.code == ERROR_NONE)
		connection->mismatch = *why;
	if (config->pin.kind != HOSTKEY_kinds) {
		connection->family = FAMILY_unpinned;
		return connection->shown == FAMILY_any;
	}
	do
		connection->family = (enum family)(connection->family + 1);
	while (connection->family == connection->shown);
	return connection->family < FAMILY_unpinned;
}

/* Of a server without a key of the kind that is pinned: which it has. */
static void
add_shown(struct connection *connection, struct why *told)
{
	struct buf shown = { 0 };
	struct why mismatch = *told;

	if (connection->family != FAMILY_unpinned ||
	    connection->shown != FAMILY_any)
		return;
	connection->shown = session_hostkey(connection->session,
	    connection->sha256);
	if (connection->shown == FAMILY_any)
		return;
	hostkey_print(connection->sha256, &shown);
	(void)why_set(told, mismatch.code, "%s; its key is %s", mismatch.text,
	    shown.data);
	buf_free(&shown);
}

/* The first key is the one that is told of. */
static void
open_failed(struct connection *connection, const struct why *why)
{
	bool first = connection->mismatch.code == ERROR_NONE;
	struct why told;

	if (first)
		connection->shown = session_hostkey(connection->session,
		    connection->sha256);
	if (is_family_left(connection, why)) {
		connection_unwatch(connection);
		session_free(&connection->session);
		connection_dial(connection);
		return;
	}
	told = !first && (why->code == ERROR_HOST_KEY_MISMATCH ||
	    connection->family == FAMILY_unpinned) ? connection->mismatch :
	    *why;
	add_shown(connection, &told);
	connection_break(connection, &told);
}

static void
note_stage(struct connection *connection, enum stage before)
{
	enum stage now = session_stage(connection->session);

	if (now == before)
		return;
	connection->heard = clock_monotonic();
	if (before == STAGE_handshake) {
		connection->times.trusted = connection->heard;
		connection->shown = session_hostkey(connection->session,
		    connection->sha256);
	}
	if (now == STAGE_open)
		connection->times.logged_in = connection->heard;
}

/* True once it is open, or failed. */
static bool
connection_open(struct connection *connection)
{
	enum stage before = session_stage(connection->session);
	struct why why;
	int result = session_go_on(connection->session, &why);

	note_stage(connection, before);
	if (result == 0)
		return false;
	if (result == -1) {
		open_failed(connection, &why);
		return true;
	}
	connection->state = CONNECTION_OPEN;
	connection->config = NULL;
	return true;
}

/* --- running -------------------------------------------------------------- */

static bool
has_received(struct connection *connection)
{
	uint64_t now = session_received(connection->session);

	if (now == connection->received)
		return false;
	connection->received = now;
	connection->received_at = clock_monotonic();
	return true;
}

/* A turn of each; true if anything was done, or has come. */
static bool
take_turns(struct connection *connection)
{
	struct client *client;
	bool moved = false;

	TAILQ_FOREACH(client, &connection->channels, entry)
		if (connection->state == CONNECTION_OPEN &&
		    client->state != CLIENT_BROKEN && client_turn(client))
			moved = true;
	return connection->state == CONNECTION_OPEN &&
	    (has_received(connection) || moved);
}

/* Another is first the next time: what the socket takes is for all of them. */
static void
rotate(struct connection *connection)
{
	struct client *client = TAILQ_FIRST(&connection->channels);

	TAILQ_REMOVE(&connection->channels, client, entry);
	TAILQ_INSERT_TAIL(&connection->channels, client, entry);
}

/*
 * Not for ever, for others wait, and a socket that can be written to is reason
 * enough to come back.
 */
void
connection_run(struct connection *connection)
{
	int left = TURNS_MAX;
	bool moved = true;
	struct why why;

	if (!is_wanted(connection))
		return;
	if (connection->state == CONNECTION_OPENING &&
	    !connection_open(connection)) {
		connection->watch.events =
		    session_events(connection->session);
		return;
	}
	while (connection->state == CONNECTION_OPEN && moved && left-- > 0)
		moved = take_turns(connection);
	if (connection->state != CONNECTION_OPEN)
		return;
	if (session_is_flooded(connection->session)) {
		(void)why_set(&why, ERROR_PROTOCOL_ERROR,
		    "the server sends what it was not asked for");
		connection_break(connection, &why);
		return;
	}
	rotate(connection);
	connection->watch.events = moved ? POLLIN | POLLOUT :
	    session_events(connection->session);
}
