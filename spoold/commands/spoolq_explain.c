/*
 * spoolq_explain - where a ticket stands, why, and what would help
 *
 * Each queue has its row: a function that fills in the four answers.  In cur/
 * there are several reasons to wait, of which the first that holds is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/published_file.h"
#include "lib/receipt.h"
#include "lib/show.h"
#include "lib/stored_file.h"
#include "lib/xalloc.h"
#include "spoold/commands/spoolq.h"
#include "spoold/commands/spoolq_explain.h"

#define DAY_MS (24 * 60 * 60 * 1000LL)

/* What helps a dead letter, where it is not just to try again. */
static const struct {
	enum error	 error;
	const char	*first;		/* before it is tried again */
	bool		 anew;		/* only dropping it anew helps */
} remedies[] = {
	{ ERROR_AUTHENTICATION_FAILED, "spooldest update", false },
	{ ERROR_EGRESS_DENIED, "spooldest show", false },
	{ ERROR_DNS_FAILURE, "spooldest test", false },
	{ ERROR_CONNECT_FAILURE, "spooldest test", false },
	{ ERROR_TLS_FAILURE, "spooldest test", false },
	{ ERROR_PAYLOAD_NOT_FOUND, NULL, true },
	{ ERROR_PAYLOAD_CHANGED, NULL, true },
};

/* --- words --- */

static void
say_time(struct buf *out, int64_t wall_ms, int64_t now)
{
	char text[CLOCK_TEXT], relative[40];

	clock_format(wall_ms, text);
	show_relative(wall_ms, now, relative);
	buf_printf(out, "%s, %s", relative, text);
}

/* `spoolsuper -H ID.DEST` */
static void
say_command(struct explained *e, const char *command)
{
	buf_printf(&e->command, "%s %s.%s", command, e->id,
	    e->item->ticket.destination);
}

static const struct event_line *
last_line(const struct explained *e)
{
	return e->file == NULL || e->file->line_count == 0 ? NULL :
	    &e->file->lines[e->file->line_count - 1];
}

/* Why the last attempt did not deliver. */
static void
say_last_attempt(struct explained *e)
{
	const struct event_line *last = e->file == NULL ? NULL :
	    ticket_file_last(e->file);
	char relative[40];

	if (last == NULL)
		return;
	e->error = last->error;
	show_relative(last->at, e->now, relative);
	buf_printf(&e->why, "%sattempt %d of %d, %s: %s%s%s",
	    e->why.len > 0 ? "; " : "", last->attempt, e->max, relative,
	    last->error == ERROR_NONE ? "" : error_name(last->error),
	    last->error == ERROR_NONE ? "" : ": ",
	    last->reason == NULL ? "no reason is known" : last->reason);
	if (last->remote != NULL)
		buf_printf(&e->why, "; it said: %s", last->remote);
}

static const char *
disabled_field(const struct explained *e, const char *name)
{
	return json_string(json_get(e->destination->document, name), NULL);
}

/* True if its destination takes nothing: that is told. */
static bool
say_closed(struct explained *e, const char *when)
{
	const char *id = e->item->ticket.destination, *by, *reason;

	if (e->destination == NULL) {
		buf_printf(&e->why, "there is no destination %s (any more)",
		    id);
		buf_printf(&e->next, "%swhen there is one of that name", when);
		buf_printf(&e->command, "spooldest create FILE");
		return true;
	}
	if (!e->destination->disabled)
		return false;
	by = disabled_field(e, "disabledBy");
	reason = disabled_field(e, "disabledReason");
	buf_printf(&e->why, "%s is disabled", id);
	if (disabled_field(e, "disabledAt") != NULL)
		buf_printf(&e->why, " since %s",
		    disabled_field(e, "disabledAt"));
	if (by != NULL)
		buf_printf(&e->why, " by %s", by);
	if (reason != NULL)
		buf_printf(&e->why, ": %s", reason);
	buf_printf(&e->next, "%swhen %s is enabled", when, id);
	buf_printf(&e->command, "spooldest enable %s", id);
	return true;
}

/* True if spoold does nothing at all: that is told. */
static bool
say_trouble(struct explained *e)
{
	if (e->trouble == NULL)
		return false;
	buf_str(&e->why, e->trouble);
	buf_str(&e->next, "an attempt when that is over");
	buf_str(&e->command, strcmp(e->trouble, "spoold is down") == 0 ?
	    "spoolctl start" : "spoolctl status");
	return true;
}

static void
say_expiry(struct explained *e)
{
	int64_t at = e->file == NULL ? 0 : e->file->facts.job.expires_at;

	if (at == 0)
		return;
	buf_str(&e->next, "; given up ");
	say_time(&e->next, at, e->now);
}

/* --- queues --- */

static void
explain_flight(struct explained *e)
{
	buf_printf(&e->state, "attempt %d of %d is in flight since ",
	    e->item->ticket.attempts + 1, e->max);
	say_time(&e->state, e->in_flight_since, e->now);
	say_last_attempt(e);
	buf_str(&e->next, "its outcome");
	say_command(e, "spoolsuper -h");
}

/* What only spoold knows of one that is due. */
static void
explain_slot(struct explained *e)
{
	const char *word = json_string(json_get(e->live, "waitingFor"), NULL);
	int64_t under_way = json_integer(json_get(e->live, "inFlight"), 0);
	int64_t allowed = json_integer(json_get(e->live, "allowed"), 0);

	e->waiting_for = word;
	if (word != NULL && strcmp(word, "listener") == 0) {
		buf_str(&e->why, "nobody listens for links: download.listen "
		    "is empty");
		buf_str(&e->next, "an attempt when somebody does");
		buf_str(&e->command, "spoolconf -e "
		    "download.listen=ADDRESS:PORT && spoolctl reload");
		return;
	}
	e->blocked_by = json_string(json_get(e->live, "blockedBy"), NULL);
	if (e->blocked_by != NULL) {
		buf_printf(&e->why, "%s is ordered: blocked by %s",
		    e->item->ticket.destination, e->blocked_by);
		buf_str(&e->next, "an attempt when that one is delivered, "
		    "failed or cancelled");
		buf_printf(&e->command, "spoolq --explain %s.%s",
		    e->blocked_by, e->item->ticket.destination);
	} else if (word != NULL && strcmp(word, "rate") == 0) {
		buf_printf(&e->why, "%s takes %d attempts a minute",
		    e->item->ticket.destination,
		    e->destination->rate_per_minute);
		buf_str(&e->next, "an attempt in its turn, the next one ");
		say_time(&e->next, e->next_at, e->now);
		buf_printf(&e->command, "spooldest show %s",
		    e->item->ticket.destination);
	} else if (word != NULL && under_way >= allowed) {
		buf_printf(&e->why, "%lld attempts to %s are in flight, and "
		    "no more may be", (long long)under_way,
		    e->item->ticket.destination);
		buf_str(&e->next, "an attempt when one has ended");
		buf_str(&e->command, "spoolctl status");
	} else
		buf_str(&e->next, "an attempt at once");
}

static void
explain_cur(struct explained *e)
{
	buf_str(&e->state, "is due");
	if (say_closed(e, "an attempt "))
		e->waiting_for = "disabled";
	else if (!say_trouble(e))
		explain_slot(e);
	say_last_attempt(e);
	say_expiry(e);
}

static void
explain_retry(struct explained *e)
{
	bool first = e->item->ticket.attempts == 0;

	e->next_at = e->since;
	e->waiting_for = first ? "deliverAt" : "backoff";
	buf_str(&e->state, first ? "waits for its deliverAt" :
	    "waits for its next attempt");
	if (!say_closed(e, "an attempt, not before "
	    "that time, ") && !say_trouble(e)) {
		buf_printf(&e->next, "attempt %d of %d ",
		    e->item->ticket.attempts + 1, e->max);
		say_time(&e->next, e->next_at, e->now);
		say_command(e, "spoolq -i");
	}
	say_last_attempt(e);
	say_expiry(e);
}

static void
explain_hold(struct explained *e)
{
	e->waiting_for = "hold";
	buf_str(&e->state, "is held since ");
	say_time(&e->state, e->since, e->now);
	say_last_attempt(e);
	buf_str(&e->next, "nothing, until it is released");
	say_command(e, "spoolsuper -H");
}

/* What would help a dead letter. */
static void
say_remedy(struct explained *e)
{
	const char *id = e->item->ticket.destination;
	bool anew = e->error == ERROR_EXPIRED && e->file != NULL &&
	    e->file->facts.job.expires_at != 0 &&
	    e->file->facts.job.expires_at <= e->now;

	for (size_t i = 0; i < sizeof(remedies) / sizeof(*remedies); i++) {
		if (remedies[i].error != e->error)
			continue;
		anew = anew || remedies[i].anew;
		if (remedies[i].first != NULL)
			buf_printf(&e->command, "%s %s%s; ",
			    remedies[i].first, id,
			    strstr(remedies[i].first, "update") != NULL ?
			    " FILE" : "");
	}
	if (anew)
		buf_str(&e->command, "spoolsubmit FILE");
	else
		say_command(e, "spoolsuper -r");
}

/* The line that ended it, whatever was added since; else the last. */
static const struct event_line *
end_line(const struct explained *e)
{
	for (size_t i = e->file == NULL ? 0 : e->file->line_count; i > 0; i--) {
		const struct event_line *line = &e->file->lines[i - 1];

		if (line->event == TICKET_cancelled ||
		    line->event == TICKET_expired ||
		    line->event == TICKET_failed)
			return line;
	}
	return last_line(e);
}

static void
say_end(struct explained *e, const struct event_line *end)
{
	e->error = end->error;
	if (end->reason != NULL)
		buf_printf(&e->why, "%s%s%s", end->error == ERROR_NONE ? "" :
		    error_name(end->error),
		    end->error == ERROR_NONE ? "" : ": ", end->reason);
	if (end->by != NULL)
		buf_printf(&e->why, "%sby %s", e->why.len > 0 ? "; " : "",
		    end->by);
	if (end->remote != NULL)
		buf_printf(&e->why, "%sit said: %s",
		    e->why.len > 0 ? "; " : "", end->remote);
}

static void
explain_failed(struct explained *e)
{
	const struct event_line *end = end_line(e), *last = last_line(e);
	int attempts = e->item->ticket.attempts;

	buf_str(&e->state, end == NULL ? "was given up " :
	    end->event == TICKET_cancelled ? "was cancelled " :
	    end->event == TICKET_expired ? "expired " : "was given up ");
	say_time(&e->state, end == NULL ? e->since : end->at, e->now);
	buf_printf(&e->state, ", after %d attempt%s", attempts,
	    attempts == 1 ? "" : "s");
	if (end != NULL)
		say_end(e, end);
	buf_str(&e->next, "nothing");
	if (last != NULL && last->to != NULL) {
		buf_printf(&e->state, "; tried again to %s instead", last->to);
		buf_printf(&e->command, "spoolq --explain %s.%s", e->id,
		    last->to);
	} else
		say_remedy(e);
}

/* What was published, and how often it was fetched. */
static void
say_link(struct explained *e, const struct event_line *line)
{
	struct published_state state;
	struct published p;
	struct why why;

	buf_printf(&e->why, "its link is %s", line->reference == NULL ? "?" :
	    line->reference);
	if (line->reference == NULL || published_load(e->cli->spool,
	    line->reference, &p, &state, &why) != 1) {
		buf_str(&e->why, ", which has ended");
		return;
	}
	buf_printf(&e->why, ", fetched %lld time%s",
	    (long long)state.fetches, state.fetches == 1 ? "" : "s");
	if (p.max_access > 0)
		buf_printf(&e->why, " of %lld", (long long)p.max_access);
	if (state.revoked_at != 0) {
		buf_str(&e->why, ", revoked ");
		say_time(&e->why, state.revoked_at, e->now);
	} else {
		e->next.len = 0;
		buf_str(&e->next, "the link ends ");
		say_time(&e->next, p.expires_at, e->now);
		say_command(e, "spoolsuper --revoke");
	}
	published_free(&p);
}

/* What was stored there may be spoold's to erase. */
static void
say_erasure(struct explained *e, int64_t delivered_at)
{
	int64_t kept = e->destination == NULL ? 0 :
	    e->destination->cleanup_days * DAY_MS;
	struct stored_record record;
	char path[STORED_PATH];
	struct why why;

	if (kept == 0)
		return;
	stored_path(&e->item->ticket.id, e->item->ticket.destination,
	    delivered_at + kept, path);
	if (stored_load(e->cli->spool, path, &record, &why) == -1)
		return;
	e->next.len = 0;
	buf_str(&e->next, "erased there ");
	say_time(&e->next, record.delivered_at + kept, e->now);
	stored_free(&record);
}

static void
explain_done(struct explained *e)
{
	const struct event_line *last = e->file == NULL ? NULL :
	    ticket_file_last(e->file);
	char name[RECEIPT_NAME_MAX];

	buf_str(&e->state, "was delivered ");
	say_time(&e->state, last == NULL ? e->since : last->at, e->now);
	buf_printf(&e->state, ", by attempt %d", e->item->ticket.attempts);
	buf_str(&e->next, "nothing");
	if (last != NULL && last->link_expires_at != 0)
		say_link(e, last);
	else if (last != NULL && last->reference != NULL)
		buf_printf(&e->why, "the receiver calls it %s",
		    last->reference);
	if (last != NULL)
		say_erasure(e, last->at);
	if (e->file == NULL)
		return;
	receipt_name(e->file->facts.name, &e->item->ticket.id, name);
	buf_printf(&e->receipt, "%s/%s/receipts/%s",
	    e->cli->conf->top_spool_directory,
	    spool_organization(e->cli->spool), name);
}

void
explain_ticket(struct explained *e)
{
	static void (*const explains[QUEUES])(struct explained *) = {
		[QUEUE_cur] = explain_cur, [QUEUE_retry] = explain_retry,
		[QUEUE_hold] = explain_hold, [QUEUE_failed] = explain_failed,
		[QUEUE_done] = explain_done,
	};

	e->queue = queue_name(e->item->queue);
	(void)clock_parse(json_string(json_get(e->live, "inFlightSince"), ""),
	    &e->in_flight_since);
	(void)clock_parse(json_string(json_get(e->live, "nextAttemptAt"), ""),
	    &e->next_at);
	if (e->in_flight_since != 0 && e->item->queue == QUEUE_cur)
		explain_flight(e);
	else
		explains[e->item->queue](e);
}

/* --- asking --- */

struct json *
explain_ask(struct cli *cli, const char *id, const char *name,
    struct why *why)
{
	return cli_answer(cli, libspool_explain(cli_spoold(cli, CLI_RUNNING),
	    id, name, NULL, &cli->error), why);
}

/* What the answer says of that ticket, or NULL. */
static const struct json *
live_find(const struct json *answer, const char *destination)
{
	const struct json *each = json_first(json_get(answer, "tickets"));

	while (each != NULL && strcmp(json_string(json_get(each,
	    "destinationId"), ""), destination) != 0)
		each = json_next(each);
	return each;
}

static void
selected_explain(struct cli *cli, const struct selected *item,
    const struct json *answer, const char *trouble)
{
	struct explained e = { .cli = cli, .item = item, .trouble = trouble,
		.now = clock_wall() };
	struct destination *destination = queue_destination(cli,
	    item->ticket.destination);
	struct ticket_file file;
	struct statx stat;
	struct why why;
	int read;

	id_format(&item->ticket.id, e.id);
	e.destination = destination;
	e.live = live_find(answer, item->ticket.destination);
	e.max = destination != NULL && destination->retry.max_retries >= 0 ?
	    destination->retry.max_retries + 1 :
	    (int)cli->conf->retry_max_attempts;
	if (spool_stat(cli->spool, item->queue, item->name, &stat, &why) == 1)
		e.since = clock_from_timespec((struct timespec) {
			stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec });
	read = spool_read_ticket(cli->spool, item->queue, item->name, &file,
	    &why);
	e.file = read == 1 ? &file : NULL;
	explain_ticket(&e);
	explained_show(&e);
	explained_free(&e);
	if (read == 1)
		ticket_file_free(&file);
	destination_free(&destination);
}

/* All tickets that the word names.  0, or -1 with *why. */
static int
tickets_explain(struct cli *cli, const char *word, struct why *why)
{
	struct selection tickets = { NULL, 0 };
	const char *trouble;
	char id[ID_LENGTH + 1];
	struct json *answer;
	struct why down;

	if (select_tickets(cli->spool, &word, 1, SELECT_EVERYWHERE, 0,
	    &tickets, why) == -1)
		return -1;
	id_format(&tickets.items[0].ticket.id, id);
	answer = explain_ask(cli, id, NULL, &down);
	trouble = answer == NULL ? "spoold is down" :
	    json_string(json_get(answer, "trouble"), NULL);
	for (size_t i = 0; i < tickets.count; i++)
		selected_explain(cli, &tickets.items[i], answer, trouble);
	json_free(&answer);
	selection_free(&tickets);
	return 0;
}

int
queue_explain(struct cli *cli, const char *word)
{
	struct why why, other;
	struct id nearest;
	int found;

	if (strcmp(word, "-") == 0 || strstr(word, "ALL") != NULL)
		return cli_usage(cli, "--explain takes one ID or ID.DEST");
	if (cli_spool(cli, &why) == NULL)
		return cli_fail(cli, &why);
	if (tickets_explain(cli, word, &why) == 0)
		return 0;
	if (why.code != ERROR_DELIVERY_NOT_FOUND)
		return cli_fail(cli, &why);
	found = explain_drop(cli, word, &other);
	if (found == 1)
		return 0;
	/* The same, with the nearest one. */
	if (found == 0 && strchr(word, '.') == NULL &&
	    select_job(cli->spool, word, &nearest, &other) == 0)
		return cli_fail(cli, &why);
	return cli_fail(cli, found == 0 && strchr(word, '.') != NULL ?
	    &why : &other);
}
