/*
 * spoolq_explain_show - an explanation, as lines or as JSON
 *
 * The JSON always has all fields, null where there is nothing to say.
 */
#include <stdio.h>

#include "lib/clock.h"
#include "lib/show.h"
#include "spoold/commands/spoolq_explain.h"

void
explained_free(struct explained *e)
{
	buf_free(&e->state);
	buf_free(&e->why);
	buf_free(&e->next);
	buf_free(&e->command);
	buf_free(&e->receipt);
}

static void
put_text(struct buf *out, const char *name, const char *text)
{
	if (text == NULL)
		json_put_null(out, name);
	else
		json_put_string(out, name, text);
}

static void
put_time(struct buf *out, const char *name, int64_t wall_ms)
{
	if (wall_ms == 0)
		json_put_null(out, name);
	else
		json_put_time(out, name, wall_ms);
}

static void
put_ticket(struct buf *out, const struct explained *e)
{
	if (e->item == NULL) {
		json_put_null(out, "destinationId");
		json_put_null(out, "attempts");
		json_put_null(out, "maxAttempts");
		return;
	}
	json_put_string(out, "destinationId", e->item->ticket.destination);
	json_put_integer(out, "attempts", e->item->ticket.attempts);
	json_put_integer(out, "maxAttempts", e->max);
}

static void
explained_json(const struct explained *e)
{
	struct buf line = { .max = 0 };

	json_open(&line, NULL, '{');
	json_put_string(&line, "deliveryId", e->id);
	json_put_string(&line, "organizationId",
	    spool_organization(e->cli->spool));
	put_ticket(&line, e);
	put_text(&line, "queue", e->queue);
	put_text(&line, "waitingFor", e->waiting_for);
	put_text(&line, "blockedBy", e->blocked_by);
	put_time(&line, "inFlightSince", e->in_flight_since);
	put_time(&line, "nextAttemptAt", e->next_at);
	put_time(&line, "expiresAt",
	    e->file == NULL ? 0 : e->file->facts.job.expires_at);
	put_text(&line, "errorCode",
	    e->error == ERROR_NONE ? NULL : error_name(e->error));
	put_text(&line, "trouble", e->trouble);
	put_text(&line, "state", e->state.data);
	put_text(&line, "reason", e->why.data);
	put_text(&line, "next", e->next.data);
	put_text(&line, "command", e->command.data);
	put_text(&line, "receipt", e->receipt.data);
	json_close(&line, '}');
	(void)printf("%s\n", line.data);
	buf_free(&line);
}

static void
line_show(const char *name, const char *text)
{
	if (text == NULL)
		return;
	(void)printf("  %-9s", name);
	show_text(stdout, text);
	(void)printf("\n");
}

void
explained_show(const struct explained *e)
{
	if (e->cli->json) {
		explained_json(e);
		return;
	}
	(void)printf("%s%s%s: ", e->id, e->item == NULL ? "" : ".",
	    e->item == NULL ? "" : e->item->ticket.destination);
	show_text(stdout, e->state.data == NULL ? "?" : e->state.data);
	(void)printf("\n");
	line_show("why", e->why.data);
	line_show("next", e->next.data);
	line_show("command", e->command.data);
	line_show("receipt", e->receipt.data);
}
