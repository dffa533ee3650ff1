/*
 * session - one connection to an SMTP server, and what is said on it
 *
 * Only for smtp.c, which has the connections, dialogue.c, which has the
 * commands and what becomes of their replies, and login.c.
 */
#ifndef WORKERS_EMAIL_SESSION_H
#define WORKERS_EMAIL_SESSION_H

#include <sys/queue.h>

#include "workers/email/smtp.h"

#define SESSION_OUT (16 * 1024)	/* bytes on their way */
#define SESSION_LINE 512	/* of a line of a reply; more is dropped */
#define SESSION_REPLY (64 * 1024)	/* of a reply, all in all */

struct session {
	LIST_ENTRY(session) entry;
	struct smtp	*smtp;		/* borrowed */
	unsigned char	 key[32];	/* of its server */
	struct connection *connection;	/* own; NULL: not yet, or no more */
	struct watch	 watch;		/* while there is one */
	struct http_answer answer;	/* how it came about; no body */
	bool		 over;		/* freed at the next turn */
	bool		 reused;	/* a mail before this one had it */
	bool		 has_mail;
	struct smtp_mail mail;
	enum smtp_stage	 stage;
	int		 auth_step;	/* replies to AUTH so far */
	struct {
		bool	 pipelining, utf8, login, plain, xoauth2;
		bool	 sizes;		/* it takes SIZE= */
		int64_t	 size;		/* and at most that, 0: unknown */
	}		 offers;
	/* What it says. */
	char		 line[SESSION_LINE];
	size_t		 line_length;
	size_t		 reply_bytes;	/* of the reply so far, kept or not */
	struct buf	 reply;		/* own; lines, without line breaks */
	/* What is said to it. */
	char		 out[SESSION_OUT];
	size_t		 out_at, out_length;
	size_t		 asked, answered;	/* recipients */
	struct buf	 refused, refusals;	/* own; recipients, with codes
					 * and with replies */
	size_t		 refused_count;
	bool		 some_later;
	bool		 line_began;	/* in the middle of one */
	int64_t		 sent;		/* bytes of the message */
	/* When it last moved, and what the kernel had counted after that. */
	int64_t		 moved, noted;	/* monotonic ms */
	uint64_t	 counted;
};

/* --- smtp.c --------------------------------------------------------------- */

/*
 * The mail has ended: with the last reply, whose code is given, or with 0 for
 * something that `error` and `words` tell.  `next`: SMTP_IDLE or SMTP_RSET
 * keep the session, any other closes it.
 */
void	 session_end(struct session *, int code, enum error, const char *words,
	    enum smtp_stage next);

/* No more of it: it is freed at the next turn. */
void	 session_close(struct session *);

/* The mail goes over a new connection, for nothing was sent over this. */
void	 session_again(struct session *);

/* --- dialogue.c ----------------------------------------------------------- */

/* A line, with or without its end, as it comes before the connection stands. */
void	 session_hear(struct session *, const char *line, size_t length);

/* The connection stands, or is there for another mail. */
void	 session_begin(struct session *);

/* What it says is no reply, says `words`: the mail ends, or the session. */
void	 session_wrong(struct session *, const char *words);

/* A line of a reply. */
void	 session_line(struct session *, const char *line, size_t length);

/* Appends to what is on its way; there is room for a command. */
void	 session_say(struct session *, const char *);
void	 session_say_bytes(struct session *, const char *, size_t);

/* Logged in, if that is needed: the mail, or no mail. */
void	 session_mail(struct session *);

/* Puts more of what is to be said into `out`; false if there is none now. */
bool	 session_more(struct session *);

/* --- login.c -------------------------------------------------------------- */

void	 login_begin(struct session *);
void	 login_reply(struct session *, int code);

#endif
