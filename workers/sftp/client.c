/*
 * client - one SFTP channel of a connection, and those it works for
 *
 * Nothing here waits.  What the server sends is bounded: an answer by
 * WIRE_ANSWER_MAX, what libssh keeps of a channel by its window.  Time counts
 * by answers, not by bytes, so that one who sends a byte now and then is no
 * less silent; and by the answer to the oldest request, so that one who
 * answers some callers is no less silent to another.
 *
 * The requests of several callers share one channel because a round trip
 * costs the same for all of them as for one, and so does a packet.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/sftp/clients.h"

#define CALLERS_MAX 8		/* of one channel */

/* --- the end -------------------------------------------------------------- */

void
client_free(struct client *client, bool close)
{
	subsystem_free(&client->subsystem, close);
	pending_free(&client->pending);
	buf_free(&client->out);
	buf_free(&client->in);
	free(client);
}

static void
client_join(struct client *client, struct caller *caller)
{
	caller->client = client;
	caller->joined = true;
	caller->heard = false;
	TAILQ_INSERT_TAIL(&client->callers, caller, entry);
	client->count++;
	client->alone = caller->alone;
}

static void
client_part(struct caller *caller)
{
	struct client *client = caller->client;

	if (!caller->joined)
		return;
	caller->joined = false;
	TAILQ_REMOVE(&client->callers, caller, entry);
	client->count--;
}

/*
 * A kept connection may have ended unnoticed: that is no failure of those who
 * came since, who get another.  Nor is it one if a server lets nobody in more
 * often than it has already: who wanted to come goes with others.
 */
void
client_break(struct client *client, const struct why *why)
{
	struct clients *clients = client->connection->clients;
	bool unwanted = client->state < CLIENT_READY &&
	    clients_are_enough(clients, client, why);
	struct caller *caller;

	client->state = CLIENT_BROKEN;
	while ((caller = TAILQ_FIRST(&client->callers)) != NULL) {
		client_part(caller);
		if ((unwanted && !caller->fresh) ||
		    (caller->reused && !caller->heard)) {
			caller->fresh = !unwanted;
			clients_return(clients, caller);
		} else
			/* It looks at the client, for the last time. */
			caller->broken(caller->arg, why);
	}
}

/*
 * What went wrong may be the whole connection's; nor is one to be spoken to any
 * longer whose server breaks the protocol on a channel that was of use.
 */
static void
client_failed(struct client *client, const struct why *why)
{
	if (session_is_over(client->connection->session) ||
	    (client->state == CLIENT_READY &&
	    why->code == ERROR_PROTOCOL_ERROR))
		connection_break(client->connection, why);
	else
		client_break(client, why);
}

/* Once one left uncleanly, the channel ends with the last of the others. */
void
client_leave(struct caller *caller, bool clean)
{
	struct client *client = caller->client;

	if (client == NULL)
		return;
	client_part(caller);
	caller->client = NULL;
	if (pending_disown(&client->pending, caller) || !clean)
		client->retiring = true;
	client->idle_since = clock_monotonic();
	if (client->count == 0 &&
	    (client->state != CLIENT_READY || client->retiring))
		client->state = CLIENT_BROKEN;
}

/* --- beginning ------------------------------------------------------------ */

/* One that comes when the connection is there already, comes to a kept one. */
void
client_begin(struct connection *connection, struct caller *caller)
{
	struct client *client = xcalloc(1, sizeof(*client));

	TAILQ_INIT(&client->callers);
	client->connection = connection;
	client->in.max = WIRE_ANSWER_MAX + COURIER_CHUNK;
	client->heard = clock_monotonic();
	caller->reused = connection->state == CONNECTION_OPEN;
	client_join(client, caller);
	TAILQ_INSERT_TAIL(&connection->channels, client, entry);
}

bool
client_may_join(const struct client *client)
{
	return client->state == CLIENT_READY && !client->retiring &&
	    client->count < CALLERS_MAX;
}

void
client_give(struct client *client, struct caller *caller)
{
	if (client->count == 0)
		client->heard = clock_monotonic();
	caller->reused = true;
	client_join(client, caller);
	caller->ready(caller->arg);
}

/* --- opening -------------------------------------------------------------- */

/* True if there was anything to do. */
static bool
client_open(struct client *client)
{
	struct why why;
	int result;

	if (client->subsystem == NULL) {
		client->subsystem = subsystem_new(client->connection->session);
		client->state = CLIENT_OPENING;
		client->heard = clock_monotonic();
	}
	result = subsystem_go_on(client->subsystem, &why);
	if (result == -1)
		client_failed(client, &why);
	if (result != 1)
		return result == -1;
	client->heard = clock_monotonic();
	client->state = CLIENT_GREETING;
	wire_init(&client->out);
	return true;
}

/* --- requests and answers ------------------------------------------------- */

struct buf *
client_out(struct caller *caller)
{
	return &caller->client->out;
}

uint32_t
client_id(struct caller *caller)
{
	struct client *client = caller->client;

	if (client->pending.count == 0)
		client->heard = clock_monotonic();
	return pending_add(&client->pending, caller);
}

/* A quarter of what counts is the last one. */
void
client_synced(struct client *client)
{
	client->sync_took += (client->took * 1000 - client->sync_took) / 4;
}

static int
greeted(struct client *client, const struct wire_answer *answer,
    struct why *why)
{
	struct caller *caller = TAILQ_FIRST(&client->callers);

	if (answer->type != WIRE_VERSION || answer->version < 3)
		return why_set(why, ERROR_PROTOCOL_ERROR,
		    "the server does not speak version 3 of SFTP");
	client->posix_rename = answer->posix_rename;
	client->fsync = answer->fsync;
	client->state = CLIENT_READY;
	client->heard = clock_monotonic();
	/* None has joined the one that it was opened for. */
	if (caller != NULL) {
		caller->heard = true;
		caller->ready(caller->arg);
	}
	return 0;
}

static int
take_answer(struct client *client, const struct wire_answer *answer,
    struct why *why)
{
	struct caller *caller;
	void *owner = NULL;
	int taken;

	if (client->state == CLIENT_GREETING)
		return greeted(client, answer, why);
	taken = answer->type == WIRE_VERSION ? 0 :
	    pending_take(&client->pending, answer->id, &owner);
	if (taken == 0)
		return why_set(why, ERROR_PROTOCOL_ERROR,
		    "the server answers what it was not asked");
	if (taken == 2) {
		int64_t now = clock_monotonic();

		client->took = now - client->heard;
		client->heard = now;
	}
	caller = owner;
	if (caller != NULL) {
		caller->heard = true;
		caller->answered(caller->arg, answer);
	}
	return 0;
}

/* What has come; 0, or -1 with *why. */
static int
client_dispatch(struct client *client, struct why *why)
{
	struct wire_answer answer;
	size_t at = 0;
	int64_t took = 1;

	while (took > 0 && client->state != CLIENT_BROKEN) {
		took = wire_parse(client->in.data + at, client->in.len - at,
		    &answer, why);
		if (took <= 0)
			break;
		at += (size_t)took;
		if (take_answer(client, &answer, why) == -1)
			return -1;
	}
	buf_consume(&client->in, at);
	return took == -1 ? -1 : 0;
}

/* 1 if there may be more, 0 if not, -1 with *why. */
static int
client_hear(struct client *client, struct why *why)
{
	char *chunk = courier_chunk(client->connection->courier);
	int64_t got = subsystem_read(client->subsystem, chunk, COURIER_CHUNK, why);

	if (got <= 0)
		return (int)got;
	buf_add(&client->in, chunk, (size_t)got);
	return client_dispatch(client, why) == -1 ? -1 : 1;
}

/* A caller may leave when it is asked; another is first the next time. */
static void
client_offer_room(struct client *client)
{
	struct caller *caller, *next;

	TAILQ_FOREACH_SAFE(caller, &client->callers, entry, next)
		if (caller->room != NULL && client->out.len < CLIENT_ROOM)
			caller->room(caller->arg);
	caller = TAILQ_FIRST(&client->callers);
	if (caller != NULL) {
		TAILQ_REMOVE(&client->callers, caller, entry);
		TAILQ_INSERT_TAIL(&client->callers, caller, entry);
	}
}

static int
client_say(struct client *client, struct why *why)
{
	int64_t sent;

	if (client->state == CLIENT_READY)
		client_offer_room(client);
	if (client->out.len == 0 || client->state == CLIENT_BROKEN)
		return 0;
	sent = subsystem_write(client->subsystem, client->out.data,
	    client->out.len, why);
	if (sent > 0)
		buf_consume(&client->out, (size_t)sent);
	return sent > 0 ? 1 : (int)sent;
}

bool
client_turn(struct client *client)
{
	int heard, said = 0;
	struct why why;

	if (client->state < CLIENT_GREETING && !client_open(client))
		return false;
	if (client->state == CLIENT_BROKEN)
		return true;
	heard = client_hear(client, &why);
	if (heard != -1 && client->state != CLIENT_BROKEN)
		said = client_say(client, &why);
	if (heard == -1 || said == -1)
		client_failed(client, &why);
	return heard != 0 || said != 0;
}
