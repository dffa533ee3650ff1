/*
 * smtp - mail over connections that are kept
 *
 * libcurl makes a connection, up to TLS (connection_*() in http.h); everything
 * from there on is spoken here, without ever waiting: libcurl's own SMTP stands
 * still with the whole process until the server has answered the last line of a
 * message.  A session that a mail has left is used for the next one to the same
 * server, as the same user.
 */
#ifndef WORKERS_EMAIL_SMTP_H
#define WORKERS_EMAIL_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

#include "workers/common/courier.h"
#include "workers/common/http.h"

#define SMTP_REPLY_MAX 1024	/* bytes kept of a reply */

struct smtp;				/* opaque: all sessions */

struct smtp_server {
	char		*url;		/* own; smtp: or smtps: */
	bool		 secure;	/* the latter */
	enum starttls	 starttls;
	char		*user;		/* own; NULL: nobody logs in */
	char		*password, *token;	/* own; one of them */
	struct http_tls	 tls;		/* own */
	struct http_proxy proxy;	/* own */
	unsigned char	 key[32];	/* of all that stands above */
};

/* How far a mail came; each is ended by a reply, or by none. */
enum smtp_stage {
	SMTP_OPENING,			/* until the connection stands */
	SMTP_AUTH,
	SMTP_MAIL,
	SMTP_RCPT,
	SMTP_DATA,
	SMTP_BODY,			/* it is being sent */
	SMTP_END,			/* all was sent */
	SMTP_RSET,			/* between two mails */
	SMTP_IDLE,
	SMTP_STAGES
};

/* What became of a mail; all borrowed. */
struct smtp_result {
	enum smtp_stage	 stage;
	int		 code;		/* the last reply's; 0: none came, */
	enum error	 error;		/* and why */
	const char	*words;		/* the reply, or about that */
	bool		 stopped;	/* `read` stopped it */
	int64_t		 sent;		/* bytes of the message */
	const char	*refused;	/* recipients, with codes, */
	const char	*refusals;	/* and with replies */
	size_t		 refused_count;
	bool		 some_later;	/* one of these with 4xx */
	const struct http_answer *connection;	/* peer, TLS, times */
};

/* A mail; borrowed until done. */
struct smtp_mail {
	const struct smtp_server *server;
	bool		 test;		/* log in and leave; no mail */
	bool		 fresh;		/* over a session of its own */
	const char	*from;
	const char *const *recipients;
	size_t		 recipient_count;
	int64_t		 size;		/* bytes of the message */
	int64_t		 timeout;	/* ms without progress */
	bool		 utf8;		/* it has addresses in UTF-8 */
	/* Fills `out`; the bytes given, 0 at the end, -1: stop. */
	int64_t		(*read)(void *arg, char *out, size_t room);
	void		(*moved)(void *arg, int64_t sent);
	/* It has ended: delivered if the stage is SMTP_END, the code 2xx. */
	void		(*done)(void *arg, const struct smtp_result *);
	void		*arg;		/* borrowed until done */
};

struct smtp	*smtp_new(struct courier *);

/* Ends it by `done`, now or later. */
void	 smtp_send(struct smtp *, const struct smtp_mail *);

/* Once a turn: ends what has been silent for too long. */
void	 smtp_turn(struct smtp *);

#endif
