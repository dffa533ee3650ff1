/*
 * client - one session with a server, and those it works for
 *
 * Nothing here waits.  What the server sends is bounded: an answer by
 * WIRE_ANSWER_MAX, what libssh keeps of a channel by its window.  Time counts
 * by answers, not by bytes, so that one who sends a byte now and then is no
 * less silent; and by the answer to the oldest request, so that one who
 * answers some callers is no less silent to another.
 *
 * The requests of several callers share one session because a round trip
 * costs the same for all of them as for one, and so does a packet.
 *
 * A fingerprint does not say of which type the key is, and a server shows one
 * key only.  So where the first is another one, each other family is asked
 * for, before it is called a mismatch.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"

#include "workers/sftp/clients.h"

#define RUN_MAX 32		/* pieces heard and said at once */
#define CALLERS_MAX 8		/* of one session */

/* --- the end -------------------------------------------------------------- */

static void
client_unwatch(struct client *client)
{
	if (client->watched)
		courier_unwatch(client->courier, &client->watch);
	client->watched = false;
}

void
client_free(struct client *client)
{
	client_unwatch(client);
	session_free(&client->session);
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
 * A kept session may have ended unnoticed: that is no failure of those who
 * came since, who get another.  Nor is it one if a server lets nobody in more
 * often than it has already: who wanted to come goes with others.
 */
void
client_break(struct client *client, const struct why *why)
{
	bool unwanted = client->state < CLIENT_READY &&
	    why->code == ERROR_CONNECT_FAILURE &&
	    clients_have_another(client->clients, client);
	struct caller *caller;

	client_unwatch(client);
	client->state = CLIENT_BROKEN;
	if (unwanted)
		clients_have_enough(client->clients);
	while ((caller = TAILQ_FIRST(&client->callers)) != NULL) {
		client_part(caller);
		if ((unwanted && !caller->fresh) ||
		    (caller->reused && !caller->heard)) {
			caller->fresh = !unwanted;
			clients_return(client->clients, caller);
		} else
			/* It looks at the client, for the last time. */
			caller->broken(caller->arg, why);
	}
}

/* Once one left uncleanly, the session ends with the last of the others. */
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
	if (client->count > 0)
		return;
	if (client->state != CLIENT_READY || client->retiring)
		client->state = CLIENT_BROKEN;
	if (client->state == CLIENT_BROKEN)
		client_unwatch(client);
}

/* --- connecting ----------------------------------------------------------- */

static void
watch_ready(void *arg, short events)
{
	(void)events;
	client_run(arg);
}

static void
dial_moved(void *arg, int64_t sent)
{
	(void)arg;
	(void)sent;
}

static void
dial_failed(struct client *client, const struct http_answer *answer)
{
	struct why why;

	(void)why_set(&why, answer->error, "%s%s%s", answer->peer,
	    answer->peer[0] != '\0' ? ": " : "", answer->words);
	client_break(client, &why);
}

static int64_t
time_of(const struct client *client, int64_t from_start)
{
	return from_start == -1 ? 0 : client->times.begun + from_start;
}

static void
dial_done(void *arg, const struct http_answer *answer)
{
	struct client *client = arg;
	struct why why;

	client->dialling = false;
	if (client->state == CLIENT_BROKEN) {	/* given up meanwhile */
		if (answer->socket != -1)
			(void)close(answer->socket);
		return;
	}
	client->times.resolved = time_of(client, answer->resolved);
	client->times.connected = time_of(client, answer->connected);
	memcpy(client->peer, answer->peer, sizeof(client->peer));
	client->heard = clock_monotonic();
	if (answer->socket == -1) {
		dial_failed(client, answer);
		return;
	}
	client->session = session_new(answer->socket, client->config,
	    client->family, &why);
	if (client->session == NULL) {
		client_break(client, &why);
		return;
	}
	client->state = CLIENT_OPENING;
	client->watch = (struct watch) { .fd = answer->socket,
	    .events = POLLIN | POLLOUT, .ready = watch_ready, .arg = client };
	courier_watch(client->courier, &client->watch);
	client->watched = true;
	client_run(client);
}

static void
client_dial(struct client *client)
{
	const struct config *config = client->config;
	const struct http_request request = {
		.url = config->url,
		.method = "CONNECT",
		.timeout = TAILQ_FIRST(&client->callers)->timeout,
		.only_connect = true,
		.tls.minimum = config->tls_minimum,
		.proxy = config->proxy,
		.moved = dial_moved,
		.done = dial_done,
		.arg = client,
	};
	struct why why;

	client->state = CLIENT_DIALLING;
	client->times = (struct client_times) { .begun = clock_monotonic() };
	client->heard = client->times.begun;
	client->dialling = true;
	if (http_start(courier_http(client->courier), &request, &why) == 0)
		return;
	client->dialling = false;
	client_break(client, &why);
}

void
client_begin(struct client *client, struct caller *caller)
{
	TAILQ_INIT(&client->callers);
	client->config = caller->config;
	memcpy(client->identity, caller->config->identity, CONFIG_IDENTITY);
	client->in.max = WIRE_ANSWER_MAX + COURIER_CHUNK;
	caller->reused = false;
	client_join(client, caller);
	client_dial(client);
}

bool
client_may_join(const struct client *client, const struct caller *caller)
{
	return client->state == CLIENT_READY && !client->retiring &&
	    (client->count == 0 || (!client->alone && !caller->alone &&
	    client->count < CALLERS_MAX));
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

/* True if the server may have the key that is pinned besides. */
static bool
client_next_family(struct client *client, const struct why *why)
{
	const struct config *config = client->config;

	if (why->code != ERROR_HOST_KEY_MISMATCH || !config->pinned ||
	    config->pin.kind != HOSTKEY_kinds)
		return false;
	if (client->mismatch.code == ERROR_NONE)
		client->mismatch = *why;
	do
		client->family = (enum family)(client->family + 1);
	while (client->family == client->shown);
	return client->family < FAMILIES;
}

/* The first key is the one that is told of. */
static void
client_open_failed(struct client *client, const struct why *why)
{
	bool first = client->mismatch.code == ERROR_NONE;
	struct why told;

	if (first)
		client->shown = session_hostkey(client->session,
		    client->sha256);
	if (client_next_family(client, why)) {
		client_unwatch(client);
		session_free(&client->session);
		client_dial(client);
		return;
	}
	told = why->code == ERROR_HOST_KEY_MISMATCH && !first ?
	    client->mismatch : *why;
	client_break(client, &told);
}

static void
client_note_stage(struct client *client, enum stage before)
{
	enum stage now = session_stage(client->session);

	if (now == before)
		return;
	client->heard = clock_monotonic();
	if (before == STAGE_handshake) {
		client->times.trusted = client->heard;
		client->shown = session_hostkey(client->session,
		    client->sha256);
	}
	if (now > STAGE_interactive && client->times.logged_in == 0)
		client->times.logged_in = client->heard;
}

/* True once it is open. */
static bool
client_open(struct client *client)
{
	enum stage before = session_stage(client->session);
	struct why why;
	int result = session_go_on(client->session, &why);

	client_note_stage(client, before);
	if (result == -1)
		client_open_failed(client, &why);
	if (result != 1)
		return false;
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
	client->config = NULL;
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
	char *chunk = courier_chunk(client->courier);
	int64_t got = session_read(client->session, chunk, COURIER_CHUNK, why);

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
	sent = session_write(client->session, client->out.data,
	    client->out.len, why);
	if (sent > 0)
		buf_consume(&client->out, (size_t)sent);
	return sent > 0 ? 1 : (int)sent;
}

/*
 * Hears and says until neither goes on; but not for ever, for others wait, and
 * a socket that can be written to is reason enough to come back.
 */
void
client_run(struct client *client)
{
	struct why why;
	int heard = 1, said = 1, left = RUN_MAX;

	if (client->state == CLIENT_OPENING && !client_open(client) &&
	    client->state == CLIENT_OPENING)
		client->watch.events = session_events(client->session);
	if (client->state != CLIENT_GREETING && client->state != CLIENT_READY)
		return;
	while (client->state != CLIENT_BROKEN && (heard == 1 || said == 1) &&
	    left-- > 0) {
		heard = client_hear(client, &why);
		if (heard != -1 && client->state != CLIENT_BROKEN)
			said = client_say(client, &why);
		if (heard == -1 || said == -1) {
			client_break(client, &why);
			return;
		}
	}
	if (client->state != CLIENT_BROKEN)
		client->watch.events = heard == 1 || said == 1 ?
		    POLLIN | POLLOUT : session_events(client->session);
}
