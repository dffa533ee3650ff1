/*
 * login - who a session sends as
 *
 * AUTH (RFC 4954): a password by PLAIN, or by LOGIN where that is all there is,
 * a token by XOAUTH2.  Nothing of it is ever in a log, and what was said is
 * wiped once it was sent.
 */
#include <string.h>

#include "lib/base64.h"

#include "workers/email/session.h"

/* In base64, as the rest of a line. */
static void
say_encoded(struct session *session, const struct buf *bytes)
{
	struct buf encoded = { 0 };

	base64_encode(&encoded, bytes->data, bytes->len, BASE64_STANDARD);
	session_say_bytes(session, encoded.data, encoded.len);
	session_say(session, "\r\n");
	buf_wipe(&encoded);
}

static void
say_plain(struct session *session)
{
	const struct smtp_server *server = session->mail.server;
	struct buf text = { 0 };

	buf_char(&text, '\0');
	buf_str(&text, server->user);
	buf_char(&text, '\0');
	buf_str(&text, server->password);
	session_say(session, "AUTH PLAIN ");
	say_encoded(session, &text);
	buf_wipe(&text);
}

static void
say_xoauth2(struct session *session)
{
	const struct smtp_server *server = session->mail.server;
	struct buf text = { 0 };

	buf_printf(&text, "user=%s\001auth=Bearer %s\001\001", server->user,
	    server->token);
	session_say(session, "AUTH XOAUTH2 ");
	say_encoded(session, &text);
	buf_wipe(&text);
}

/* The user's name or password, for AUTH LOGIN. */
static void
say_login(struct session *session, const char *what)
{
	struct buf text = { 0 };

	buf_str(&text, what);
	say_encoded(session, &text);
	buf_wipe(&text);
}

void
login_begin(struct session *session)
{
	const struct smtp_server *server = session->mail.server;

	session->stage = SMTP_AUTH;
	if (server->token != NULL && session->offers.xoauth2)
		say_xoauth2(session);
	else if (server->token == NULL && session->offers.plain)
		say_plain(session);
	else if (server->token == NULL && session->offers.login)
		session_say(session, "AUTH LOGIN\r\n");
	else
		session_end(session, 0, ERROR_AUTHENTICATION_FAILED,
		    server->token != NULL ?
		    "the server does not offer XOAUTH2" :
		    "the server offers neither PLAIN nor LOGIN", SMTP_STAGES);
}

void
login_reply(struct session *session, int code)
{
	const struct smtp_server *server = session->mail.server;
	int step = session->auth_step++;

	if (code >= 200 && code <= 299)
		session_mail(session);
	else if (code != 334)
		session_end(session, code, ERROR_NONE, NULL, SMTP_STAGES);
	/* With XOAUTH2 an error, and an empty line asks for its code. */
	else if (server->token != NULL && step == 0)
		session_say(session, "\r\n");
	else if (server->token == NULL && !session->offers.plain && step < 2)
		say_login(session, step == 0 ? server->user :
		    server->password);
	else
		session_end(session, code, ERROR_NONE, NULL, SMTP_STAGES);
}
