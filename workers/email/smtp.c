/*
 * smtp - mail over connections that are kept
 *
 * A session is freed in no callback but at the next turn, so whoever is called
 * back may end it.  A kept session whose server has gone meanwhile has not got
 * anything of the next mail, which goes over a new one then.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#include "workers/email/session.h"

#define IDLE_MAX 4000		/* ms that a session waits for another mail */
#define ROUNDS_MAX 16		/* of sending, before the others have a turn */

struct smtp {
	struct courier	*courier;	/* borrowed */
	LIST_HEAD(, session) sessions;
};

struct smtp *
smtp_new(struct courier *courier)
{
	struct smtp *smtp = xcalloc(1, sizeof(*smtp));

	smtp->courier = courier;
	LIST_INIT(&smtp->sessions);
	return smtp;
}

/* --- ends ----------------------------------------------------------------- */

void
session_close(struct session *session)
{
	if (session->connection != NULL) {
		courier_unwatch(session->smtp->courier, &session->watch);
		connection_close(session->connection);
		session->connection = NULL;
	}
	session->over = true;
}

static void
session_free(struct session *session)
{
	LIST_REMOVE(session, entry);
	buf_free(&session->reply);
	buf_free(&session->refused);
	buf_free(&session->refusals);
	explicit_bzero(session->out, sizeof(session->out));
	free(session);
}

void
session_end(struct session *session, int code, enum error error,
    const char *words, enum smtp_stage next)
{
	const struct smtp_mail mail = session->mail;
	const struct smtp_result result = {
		.stage = session->stage,
		.code = code,
		.error = error,
		.words = code != 0 ? session->reply.data : words,
		.stopped = code == 0 && error == ERROR_NONE &&
		    session->stage == SMTP_BODY,
		.sent = session->sent,
		.refused = session->refused.data,
		.refusals = session->refusals.data,
		.refused_count = session->refused_count,
		.some_later = session->some_later,
		.connection = &session->answer,
	};

	session->has_mail = false;
	session->moved = clock_monotonic();
	session->stage = next;
	if (next != SMTP_IDLE && next != SMTP_RSET)
		session_close(session);
	mail.done(mail.arg, &result);
}

/* The connection has ended. */
static void
session_lost(struct session *session)
{
	if (!session->has_mail)
		session_close(session);
	else if (session->reused && session->stage == SMTP_MAIL)
		session_again(session);
	else
		session_end(session, 0, ERROR_CONNECT_FAILURE,
		    "the connection ended", SMTP_STAGES);
}

/* --- what goes over it ---------------------------------------------------- */

static void
session_byte(struct session *session, char byte)
{
	struct why words;

	if (++session->reply_bytes > SESSION_REPLY) {
		(void)why_set(&words, ERROR_PROTOCOL_ERROR, "its reply does "
		    "not end within %d bytes", SESSION_REPLY);
		session_wrong(session, words.text);
	} else if (byte == '\n') {
		session_line(session, session->line, session->line_length);
		session->line_length = 0;
	} else if (session->line_length < SESSION_LINE)
		session->line[session->line_length++] = byte;
}

static void
session_receive(struct session *session)
{
	char chunk[4096];
	int64_t got = 1;

	while (!session->over && (got = connection_receive(
	    session->connection, chunk, sizeof(chunk))) > 0)
		for (int64_t i = 0; i < got && !session->over; i++)
			session_byte(session, chunk[i]);
	if (!session->over && got == -1)
		session_lost(session);
}

/* Sends what is there; false if some of it is left, or it is over. */
static bool
session_flush(struct session *session)
{
	while (session->out_at < session->out_length) {
		int64_t sent = connection_send(session->connection,
		    session->out + session->out_at,
		    session->out_length - session->out_at);

		if (sent == -1)
			session_lost(session);
		if (sent <= 0)
			return false;
		session->moved = clock_monotonic();
		session->out_at += (size_t)sent;
	}
	/* A password may have been there. */
	explicit_bzero(session->out, session->out_length);
	session->out_at = session->out_length = 0;
	return true;
}

static void
session_send(struct session *session)
{
	bool drained = false, more = true;

	for (int round = 0; round < ROUNDS_MAX && !session->over &&
	    (drained = session_flush(session)) && more; round++)
		more = session_more(session);
	if (!session->over)
		session->watch.events = drained && !more ? POLLIN :
		    POLLIN | POLLOUT;
}

static void
session_ready(void *arg, short events)
{
	struct session *session = arg;

	(void)events;
	session_receive(session);
	if (!session->over)
		session_send(session);
}

/* --- opening -------------------------------------------------------------- */

static void
opened(void *arg, const struct http_answer *answer,
    struct connection *connection)
{
	struct session *session = arg;

	session->connection = connection;
	session->answer = *answer;
	session->answer.body = (struct buf){ 0 };
	session->moved = clock_monotonic();
	session->watch = (struct watch){ .fd = connection_fd(connection),
		.events = POLLIN, .ready = session_ready, .arg = session };
	courier_watch(session->smtp->courier, &session->watch);
	session_begin(session);
	if (!session->over)
		session_send(session);
}

static void
not_opened(void *arg, const struct http_answer *answer)
{
	struct session *session = arg;
	const char *reply = session->reply.data;
	bool broke = answer->error == ERROR_PROTOCOL_ERROR ||
	    answer->error == ERROR_CONNECT_FAILURE;
	bool refused = broke && reply != NULL && reply[0] >= '4' &&
	    reply[0] <= '9';
	/* No line of it was a greeting. */
	bool stranger = broke && answer->connected != -1 &&
	    (reply == NULL || reply[0] < '0' || reply[0] > '9');

	session->answer = *answer;
	session->answer.body = (struct buf){ 0 };
	/* What the server said says more than what libcurl makes of it. */
	session_end(session, refused ? (int)strtol(reply, NULL, 10) : 0,
	    answer->error, stranger ? "it does not answer as SMTP does: are "
	    "host and port right?" : answer->words, SMTP_STAGES);
}

static void
line_heard(void *arg, const char *line, size_t length)
{
	session_hear(arg, line, length);
}

static void
nothing_moved(void *arg, int64_t sent)
{
	(void)arg;
	(void)sent;
}

static void
session_open(struct smtp *smtp, const struct smtp_mail *mail)
{
	struct session *session = xcalloc(1, sizeof(*session));
	const struct smtp_server *server = mail->server;
	const struct http_request request = {
		.url = server->url,
		.timeout = mail->timeout,
		.fresh = true,
		.tls = server->tls,
		.proxy = server->proxy,
		.moved = nothing_moved,
		.done = not_opened,
		.opened = opened,
		.line = line_heard,
		.starttls = server->starttls,
		.arg = session,
	};
	struct why why;

	session->smtp = smtp;
	session->mail = *mail;
	session->has_mail = true;
	session->reply.max = SMTP_REPLY_MAX;
	session->refused.max = session->refusals.max = SMTP_REPLY_MAX;
	memcpy(session->key, server->key, sizeof(session->key));
	LIST_INSERT_HEAD(&smtp->sessions, session, entry);
	if (http_start(courier_http(smtp->courier), &request, &why) == -1)
		session_end(session, 0, why.code, why.text, SMTP_STAGES);
}

void
session_again(struct session *session)
{
	const struct smtp_mail mail = session->mail;

	session->has_mail = false;
	session_close(session);
	session_open(session->smtp, &mail);
}

void
smtp_send(struct smtp *smtp, const struct smtp_mail *mail)
{
	struct session *session;

	LIST_FOREACH(session, &smtp->sessions, entry)
		if (!session->over && session->stage == SMTP_IDLE &&
		    memcmp(session->key, mail->server->key,
		    sizeof(session->key)) == 0)
			break;
	if (session == NULL || mail->fresh) {
		session_open(smtp, mail);
		return;
	}
	session->mail = *mail;
	session->has_mail = session->reused = true;
	session->moved = clock_monotonic();
	session_begin(session);
	if (!session->over)
		session_send(session);
}

/* --- silence -------------------------------------------------------------- */

/* How long nothing may move.  Whoever has all of a mail may look into it. */
static int64_t
session_limit(const struct session *session)
{
	if (!session->has_mail)
		return IDLE_MAX;
	return session->stage == SMTP_END ? 2 * session->mail.timeout :
	    session->mail.timeout;
}

/*
 * Half-way the kernel's count is noted, and at the end it is compared: what is
 * under way in the sockets' buffers moves without anybody here seeing it.  Of
 * what the server says only a whole reply counts, so that nobody is kept
 * waiting by one that comes byte by byte, or never ends.
 */
static bool
session_overdue(struct session *session, int64_t now)
{
	int64_t limit = session_limit(session);
	uint64_t counted;

	if (now - session->moved < limit / 2)
		return false;
	counted = connection_bytes(session->watch.fd, false);
	if (session->noted != session->moved) {
		session->noted = session->moved;
		session->counted = counted;
	}
	if (now - session->moved < limit)
		return false;
	if (!session->has_mail || counted == session->counted)
		return true;
	session->moved = now;
	return false;
}

static void
session_timeout(struct session *session)
{
	struct why words;

	if (!session->has_mail) {
		static const char quit[] = "QUIT\r\n";

		/* It is not waited for. */
		(void)connection_send(session->connection, quit,
		    strlen(quit));
		session_close(session);
		return;
	}
	(void)why_set(&words, ERROR_TIMEOUT, "nothing moved for %lld ms",
	    (long long)session_limit(session));
	session_end(session, 0, ERROR_TIMEOUT, words.text, SMTP_STAGES);
}

void
smtp_turn(struct smtp *smtp)
{
	struct session *session, *next;
	int64_t now = clock_monotonic();

	LIST_FOREACH_SAFE(session, &smtp->sessions, entry, next) {
		int64_t limit = session_limit(session);

		if (session->connection != NULL &&
		    session_overdue(session, now))
			session_timeout(session);
		if (session->over)
			session_free(session);
		else if (session->connection != NULL)
			courier_wake(smtp->courier, session->moved +
			    (session->noted == session->moved ? limit :
			    limit / 2));
	}
}
