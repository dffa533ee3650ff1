/*
 * dialogue - what is said to an SMTP server, and what becomes of its replies
 *
 * RFC 5321, with PIPELINING (2920), SIZE (1870) and SMTPUTF8 (6531).  A reply
 * belongs to the stage that the session is in; each stage has one function for
 * it.  Recipients that are refused do not keep the others from their mail.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/clock.h"

#include "workers/email/session.h"

#define COMMAND_ROOM 1024	/* bytes: more than any with an address has */
#define BODY_CHUNK 4096

/* --- saying --------------------------------------------------------------- */

void
session_say_bytes(struct session *session, const char *bytes, size_t length)
{
	if (length > SESSION_OUT - session->out_length)
		length = SESSION_OUT - session->out_length;
	memcpy(session->out + session->out_length, bytes, length);
	session->out_length += length;
}

void
session_say(struct session *session, const char *text)
{
	session_say_bytes(session, text, strlen(text));
}

/* --- one mail after the other --------------------------------------------- */

static bool
can_ask(const struct session *session)
{
	return session->has_mail &&
	    session->asked < session->mail.recipient_count &&
	    SESSION_OUT - session->out_length >= COMMAND_ROOM &&
	    ((session->stage == SMTP_MAIL && session->offers.pipelining) ||
	    (session->stage == SMTP_RCPT && (session->offers.pipelining ||
	    session->asked == session->answered)));
}

static void
ask(struct session *session)
{
	char command[COMMAND_ROOM];

	while (can_ask(session)) {
		(void)snprintf(command, sizeof(command), "RCPT TO:<%s>\r\n",
		    session->mail.recipients[session->asked++]);
		session_say(session, command);
	}
}

static void
say_mail(struct session *session)
{
	const struct smtp_mail *mail = &session->mail;
	char command[COMMAND_ROOM], size[32] = "";

	if (session->offers.sizes)
		(void)snprintf(size, sizeof(size), " SIZE=%lld",
		    (long long)mail->size);
	(void)snprintf(command, sizeof(command), "MAIL FROM:<%s>%s%s\r\n",
	    mail->from, size, mail->utf8 ? " BODY=8BITMIME SMTPUTF8" : "");
	session_say(session, command);
	ask(session);
}

/* Logged in, if that is needed: a mail, or none. */
void
session_mail(struct session *session)
{
	const struct smtp_mail *mail = &session->mail;
	struct why why;

	session->asked = session->answered = session->refused_count = 0;
	session->sent = 0;
	session->some_later = session->line_began = false;
	buf_clear(&session->refused);
	buf_clear(&session->refusals);
	if (mail->test) {
		session_say(session, "QUIT\r\n");
		(void)connection_send(session->connection, session->out,
		    session->out_length);
		session->stage = SMTP_IDLE;
		session_end(session, 0, ERROR_NONE, "", SMTP_STAGES);
		return;
	}
	session->stage = SMTP_MAIL;
	if (mail->utf8 && !session->offers.utf8)
		session_end(session, 0, ERROR_REMOTE_REJECTED, "an address is "
		    "not in ASCII, and the server does not offer SMTPUTF8",
		    SMTP_IDLE);
	else if (session->offers.size > 0 && mail->size >
	    session->offers.size) {
		(void)why_set(&why, ERROR_REMOTE_REJECTED, "the message has "
		    "%lld bytes, and the server takes %lld",
		    (long long)mail->size, (long long)session->offers.size);
		session_end(session, 0, why.code, why.text, SMTP_IDLE);
	} else
		say_mail(session);
}

void
session_begin(struct session *session)
{
	buf_clear(&session->reply);
	if (session->stage == SMTP_OPENING &&
	    session->mail.server->user != NULL)
		login_begin(session);
	else
		session_mail(session);
}

/* A refusal that ends the mail; what was begun is forgotten. */
static void
refused(struct session *session, int code)
{
	bool keep = code != 421 && session->stage != SMTP_BODY &&
	    session->asked == session->answered;
	enum smtp_stage next = session->stage == SMTP_END ? SMTP_IDLE :
	    SMTP_RSET;

	if (keep && next == SMTP_RSET)
		session_say(session, "RSET\r\n");
	session_end(session, code, ERROR_NONE, NULL, keep ? next :
	    SMTP_STAGES);
}

/* --- replies -------------------------------------------------------------- */

static bool
is_good(int code)
{
	return code >= 200 && code <= 299;
}

static void
reply_mail(struct session *session, int code)
{
	if (code == 421 && session->reused)
		session_again(session);
	else if (!is_good(code))
		refused(session, code);
	else {
		session->stage = SMTP_RCPT;
		ask(session);
	}
}

/* The one that the reply is about. */
static void
note_refused(struct session *session, int code)
{
	const char *recipient = session->mail.recipients[session->answered];
	const char *between = session->refused_count++ > 0 ? "; " : "";

	session->some_later |= code < 500;
	buf_printf(&session->refused, "%s%s (%d)", between, recipient, code);
	buf_printf(&session->refusals, "%s%s: %s", between, recipient,
	    session->reply.data);
}

static void
reply_rcpt(struct session *session, int code)
{
	const struct smtp_mail *mail = &session->mail;

	if (code == 421) {
		session_end(session, code, ERROR_NONE, NULL, SMTP_STAGES);
		return;
	}
	if (!is_good(code))
		note_refused(session, code);
	session->answered++;
	ask(session);
	if (session->answered < mail->recipient_count)
		return;
	if (session->refused_count == mail->recipient_count)
		refused(session, code);
	else {
		session->stage = SMTP_DATA;
		session_say(session, "DATA\r\n");
	}
}

static void
reply_data(struct session *session, int code)
{
	if (code == 354)
		session->stage = SMTP_BODY;
	else
		refused(session, code);
}

static void
reply_end(struct session *session, int code)
{
	if (is_good(code))
		session_end(session, code, ERROR_NONE, NULL, SMTP_IDLE);
	else
		refused(session, code);
}

static void
reply_rset(struct session *session, int code)
{
	if (is_good(code))
		session->stage = SMTP_IDLE;
	else
		session_close(session);
}

/* Nobody asked: it is about to leave. */
static void
reply_idle(struct session *session, int code)
{
	(void)code;
	session_close(session);
}

static void	 (*const replies[SMTP_STAGES])(struct session *, int code) = {
	[SMTP_OPENING] = reply_idle,
	[SMTP_AUTH] = login_reply,
	[SMTP_MAIL] = reply_mail,
	[SMTP_RCPT] = reply_rcpt,
	[SMTP_DATA] = reply_data,
	[SMTP_BODY] = refused,
	[SMTP_END] = reply_end,
	[SMTP_RSET] = reply_rset,
	[SMTP_IDLE] = reply_idle,
};

/* --- hearing -------------------------------------------------------------- */

/* The word that a line of the server's offers begins with. */
static bool
offers(const char *line, const char *word)
{
	size_t length = strlen(word);

	return strncasecmp(line, word, length) == 0 &&
	    (line[length] == ' ' || line[length] == '\0');
}

static void
hear_offer(struct session *session, const char *line)
{
	if (offers(line, "PIPELINING"))
		session->offers.pipelining = true;
	else if (offers(line, "SMTPUTF8"))
		session->offers.utf8 = true;
	else if (offers(line, "SIZE")) {
		session->offers.sizes = true;
		session->offers.size = strtoll(line + 4, NULL, 10);
	} else if (offers(line, "AUTH"))
		while ((line = strchr(line, ' ')) != NULL) {
			line++;
			session->offers.plain |= offers(line, "PLAIN");
			session->offers.login |= offers(line, "LOGIN");
			session->offers.xoauth2 |= offers(line, "XOAUTH2");
		}
}

/* A line without its end, as a string. */
static void
copy_line(char out[SESSION_LINE + 1], const char *line, size_t length)
{
	while (length > 0 && (line[length - 1] == '\r' ||
	    line[length - 1] == '\n'))
		length--;
	if (length > SESSION_LINE)
		length = SESSION_LINE;
	(void)snprintf(out, SESSION_LINE + 1, "%.*s", (int)length, line);
}

/* Whether it begins with a code: three digits, of which 2 to 5 are first. */
static bool
has_code(const char *text)
{
	return text[0] >= '2' && text[0] <= '5' &&
	    isdigit((unsigned char)text[1]) &&
	    isdigit((unsigned char)text[2]) &&
	    (text[3] == '\0' || text[3] == ' ' || text[3] == '-');
}

/*
 * Appends a line to the reply; a code that ends it, 0 if more follows, -1 if
 * it is none.
 */
static int
hear(struct session *session, const char *text)
{
	if (!has_code(text))
		return -1;
	if (session->reply.len > 0)
		buf_char(&session->reply, '\n');
	buf_str(&session->reply, text);
	return text[3] == '-' ? 0 : (int)strtol(text, NULL, 10);
}

/* The greeting, EHLO and STARTTLS: what is offered last counts. */
void
session_hear(struct session *session, const char *line, size_t length)
{
	char text[SESSION_LINE + 1];

	copy_line(text, line, length);
	if (session->reply.len == 0 ||
	    strncmp(session->reply.data, text, 3) != 0)
		buf_clear(&session->reply);
	(void)hear(session, text);
	if (strncmp(text, "220", 3) == 0)
		memset(&session->offers, 0, sizeof(session->offers));
	else if (strncmp(text, "250", 3) == 0 && strlen(text) > 4)
		hear_offer(session, text + 4);
}

/* What it says is no reply. */
void
session_wrong(struct session *session, const char *words)
{
	if (session->has_mail)
		session_end(session, 0, ERROR_PROTOCOL_ERROR, words,
		    SMTP_STAGES);
	else
		session_close(session);
}

void
session_line(struct session *session, const char *line, size_t length)
{
	char text[SESSION_LINE + 1];
	int code;

	copy_line(text, line, length);
	code = hear(session, text);
	if (code == 0)
		return;
	session->moved = clock_monotonic();
	session->reply_bytes = 0;
	if (code == -1)
		session_wrong(session, "its reply is no SMTP");
	else
		replies[session->stage](session, code);
	buf_clear(&session->reply);
}

/* --- the message ---------------------------------------------------------- */

/* A dot at the beginning of a line is doubled: a single one ends the mail. */
static void
say_stuffed(struct session *session, const char *bytes, int64_t length)
{
	for (int64_t i = 0; i < length; i++) {
		if (bytes[i] == '.' && !session->line_began)
			session_say_bytes(session, ".", 1);
		session_say_bytes(session, bytes + i, 1);
		session->line_began = bytes[i] != '\n';
	}
}

bool
session_more(struct session *session)
{
	const struct smtp_mail *mail = &session->mail;
	char chunk[BODY_CHUNK];
	int64_t got;

	if (session->stage != SMTP_BODY) {
		ask(session);
		return session->out_length > 0;
	}
	got = mail->read(mail->arg, chunk, sizeof(chunk));
	if (got == -1) {
		/* `read` knows why.  Without its end it is no mail. */
		session_end(session, 0, ERROR_NONE, "", SMTP_STAGES);
		return false;
	}
	session->sent += got;
	mail->moved(mail->arg, session->sent);
	if (got > 0)
		say_stuffed(session, chunk, got);
	else {
		session_say(session, session->line_began ? "\r\n.\r\n" :
		    ".\r\n");
		session->stage = SMTP_END;
	}
	return true;
}
