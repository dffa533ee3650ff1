/*
 * outcome - what a server's reply means for the ticket
 *
 * Permanent is only what the server says of the mail itself: 5xx to a command
 * that is about it.  Until then, whoever mends the server or the password gets
 * what waited.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "workers/email/outcome.h"

#define TROUBLE OUTCOME_TRANSPORT

/* The first row that fits counts; the last fits every reply. */
static const struct reply_row {
	enum smtp_stage	 first, last;
	int		 from, to;
	enum verdict	 verdict;
	enum error	 error;
	int		 flags;		/* OUTCOME_… */
	const char	*words;
} rows[] = {
	{ SMTP_END, SMTP_END, 200, 299, VERDICT_delivered, ERROR_NONE, 0,
	    NULL },
	{ SMTP_OPENING, SMTP_END, 421, 421, VERDICT_deferred,
	    ERROR_REMOTE_REJECTED, TROUBLE | OUTCOME_SLOW_DOWN,
	    "it has no time for it now" },
	{ SMTP_AUTH, SMTP_AUTH, 400, 499, VERDICT_deferred,
	    ERROR_REMOTE_REJECTED, TROUBLE, "it lets nobody log in now" },
	{ SMTP_AUTH, SMTP_AUTH, 0, 999, VERDICT_deferred,
	    ERROR_AUTHENTICATION_FAILED, TROUBLE,
	    "it does not accept the user or the password" },
	{ SMTP_OPENING, SMTP_OPENING, 0, 999, VERDICT_deferred,
	    ERROR_REMOTE_REJECTED, TROUBLE, "it does not talk to this host" },
	{ SMTP_MAIL, SMTP_END, 530, 530, VERDICT_deferred,
	    ERROR_AUTHENTICATION_FAILED, TROUBLE, "it wants a login first" },
	{ SMTP_MAIL, SMTP_END, 534, 535, VERDICT_deferred,
	    ERROR_AUTHENTICATION_FAILED, TROUBLE, "it wants another login" },
	{ SMTP_MAIL, SMTP_END, 538, 538, VERDICT_deferred,
	    ERROR_AUTHENTICATION_FAILED, TROUBLE, "it wants another login" },
	{ SMTP_MAIL, SMTP_END, 400, 499, VERDICT_deferred,
	    ERROR_REMOTE_REJECTED, 0, "it does not take the mail now" },
	{ SMTP_MAIL, SMTP_END, 500, 599, VERDICT_failed,
	    ERROR_REMOTE_REJECTED, 0, "it does not take the mail" },
	{ SMTP_OPENING, SMTP_STAGES, 0, 999, VERDICT_deferred,
	    ERROR_PROTOCOL_ERROR, TROUBLE, "that is no reply to be had there" },
};

static const struct reply_row *
row_of(const struct smtp_result *result)
{
	const struct reply_row *row = rows;

	while (result->stage < row->first || result->stage > row->last ||
	    result->code < row->from || result->code > row->to)
		row++;
	return row;
}

/* What a reply was one to. */
static const char *const commands[SMTP_STAGES] = {
	[SMTP_OPENING] = "",
	[SMTP_AUTH] = " to AUTH",
	[SMTP_MAIL] = " to MAIL",
	[SMTP_RCPT] = " to RCPT",
	[SMTP_DATA] = " to DATA",
	[SMTP_BODY] = " within the message",
	[SMTP_END] = " to the message",
	[SMTP_RSET] = "",
	[SMTP_IDLE] = "",
};

/* spoold's own words: what the server said is kept beside them. */
static void
put_reason(struct verdict_text *text, const struct smtp_result *result,
    const char *words)
{
	bool some = result->refused_count > 0;

	(void)snprintf(text->reason, sizeof(text->reason),
	    "it answered %d%s: %s%s%s", result->code,
	    commands[result->stage], words, some ? ": " : "", some ?
	    result->refused : "");
}

/* The reply's number of the mail, or what it says besides its code. */
static void
outcome_reference(const char *reply, char *out, size_t size)
{
	static const char queued[] = "queued as ";
	const char *found = strstr(reply, queued);
	size_t length;

	out[0] = '\0';
	/* `250 2.0.0 Ok: queued as 4F1`, or else all behind the code. */
	reply = found != NULL ? found + strlen(queued) :
	    strlen(reply) > 4 ? reply + 4 : "";
	length = strcspn(reply, "\r\n");
	for (size_t i = 0; i < length; i++)
		if (reply[i] < ' ' || reply[i] > '~')
			return;
	if (length < size)
		(void)snprintf(out, size, "%.*s", (int)length, reply);
}

static void
outcome_reply(const struct smtp_result *result, struct link_record *outcome,
    struct verdict_text *text)
{
	const struct reply_row *row = row_of(result);

	outcome->outcome.verdict = (int32_t)row->verdict;
	outcome->outcome.error = (int32_t)row->error;
	outcome->outcome.flags = row->flags;
	if (row->words != NULL)
		put_reason(text, result, row->words);
	/* Of recipients that are all refused one may be taken later. */
	if (result->stage == SMTP_RCPT && result->some_later &&
	    row->verdict == VERDICT_failed)
		outcome->outcome.verdict = VERDICT_deferred;
	if (row->verdict == VERDICT_delivered)
		outcome_reference(result->words, text->reference,
		    sizeof(text->reference));
}

/* None came. */
static void
outcome_silence(const struct smtp_result *result, struct link_record *outcome,
    struct verdict_text *text)
{
	const char *peer = result->connection->peer;
	bool own = result->error == ERROR_EGRESS_DENIED ||
	    result->error == ERROR_UNAVAILABLE ||
	    result->error == ERROR_REMOTE_REJECTED;

	/* What the server has said that it does not take, no attempt mends. */
	outcome->outcome.verdict = result->error == ERROR_REMOTE_REJECTED ?
	    VERDICT_failed : VERDICT_deferred;
	outcome->outcome.error = (int32_t)result->error;
	outcome->outcome.flags = own ? 0 : TROUBLE;
	(void)snprintf(text->reason, sizeof(text->reason), "%s%s%s", peer,
	    peer[0] != '\0' ? ": " : "", result->words);
	if (result->stage != SMTP_END ||
	    result->error == ERROR_PROTOCOL_ERROR)
		return;
	outcome->outcome.error = ERROR_MAY_HAVE_ARRIVED;
	(void)snprintf(text->reason, sizeof(text->reason),
	    "%s: everything was sent, no answer came: %s", peer,
	    result->words);
}

void
outcome_of(const struct smtp_result *result, struct link_record *outcome,
    struct verdict_text *text)
{
	memset(text, 0, sizeof(*text));
	if (result->code != 0)
		outcome_reply(result, outcome, text);
	else
		outcome_silence(result, outcome, text);
	if (result->refused_count > 0)
		verdict_words(&text->remote, result->refusals,
		    strlen(result->refusals));
	else if (result->code != 0 &&
	    outcome->outcome.verdict != VERDICT_delivered)
		verdict_words(&text->remote, result->words,
		    strlen(result->words));
	if (result->refused_count > 0 &&
	    outcome->outcome.verdict == VERDICT_delivered)
		(void)snprintf(text->reason, sizeof(text->reason),
		    "%zu of its recipients refused: %s",
		    result->refused_count, result->refused);
	outcome->outcome.code = result->code;
	outcome->outcome.bytes = result->sent;
	outcome->text[OUTCOME_reason] = text->reason;
	outcome->text[OUTCOME_reference] = text->reference;
	outcome->text[OUTCOME_remote] = text->remote.data;
	outcome->text[OUTCOME_peer] = result->connection->peer;
	outcome->text[OUTCOME_tls] = result->connection->tls;
	outcome->text[OUTCOME_fingerprint] = result->connection->fingerprint;
}
