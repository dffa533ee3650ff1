/*
 * spoolcat - look into one job, as postcat(1)
 *
 * What was accepted stands in every ticket, so any one of them gives the
 * envelope; the attempts are each ticket's own.  A refused drop has no ticket
 * but its error beside it in failed/.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/refused.h"
#include "lib/select.h"
#include "lib/show.h"
#include "lib/xalloc.h"
#include "spoold/commands/spoolcat.h"

struct cat {
	bool		 envelope, attempts, body;
	const char	*reason;
};

/* What there is of a job. */
struct found {
	struct cli	*cli;		/* borrowed */
	struct id	 id;
	char		 text[ID_LENGTH + 1];	/* the id */
	struct selection tickets;
	struct ticket_file *files;	/* own; of each ticket */
	bool		*read;		/* own; whether that one was */
	const struct facts *facts;	/* of one that was; NULL: none */
};

#define CAT(field) offsetof(struct cat, field)

static const struct cli_option options[] = {
	{ 'e', "envelope", NULL, "Only what was accepted.", CLI_FLAG,
	    CAT(envelope), NULL },
	{ 'a', "attempts", NULL, "Only each ticket's attempts.", CLI_FLAG,
	    CAT(attempts), NULL },
	{ 'b', "body", NULL, "Only the payload, byte for byte.", CLI_FLAG,
	    CAT(body), NULL },
	{ 0, "reason", "TEXT", "Why the payload is read, for the journal.",
	    CLI_TEXT, CAT(reason), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static const struct show_column columns[] = {
	{ "TRY", true }, { "WHEN", false }, { "OUTCOME", false },
	{ "TOOK", true }, { "CODE", true }, { "ERROR", false },
	{ "REASON", false }, { NULL, false }
};

/* --- finding --- */

static int
job_find(struct found *found, const char *word, struct why *why)
{
	const char *words[] = { found->text };
	struct spool *spool = cli_spool(found->cli, why);
	size_t i;

	if (spool == NULL || select_job(spool, word, &found->id, why) == -1)
		return -1;
	id_format(&found->id, found->text);
	if (select_tickets(spool, words, 1, SELECT_EVERYWHERE, 0,
	    &found->tickets, why) == -1 &&
	    why->code != ERROR_DELIVERY_NOT_FOUND)
		return -1;
	found->files = xcalloc(found->tickets.count + 1,
	    sizeof(*found->files));
	found->read = xcalloc(found->tickets.count + 1, sizeof(*found->read));
	for (i = 0; i < found->tickets.count; i++) {
		int read = spool_read_ticket(spool,
		    found->tickets.items[i].queue, found->tickets.items[i].name,
		    &found->files[i], why);

		found->read[i] = read == 1;
		if (read == 1)
			found->facts = &found->files[i].facts;
	}
	return 0;
}

static void
found_free(struct found *found)
{
	size_t i;

	for (i = 0; i < found->tickets.count; i++)
		if (found->read[i])
			ticket_file_free(&found->files[i]);
	free(found->files);
	free(found->read);
	selection_free(&found->tickets);
}

/* --- the envelope --- */

static void
field_show(const char *name, const char *value)
{
	if (value == NULL)
		return;
	(void)printf("%-16s", name);
	show_text(stdout, value);
	(void)printf("\n");
}

static void
field_time(const char *name, int64_t wall_ms)
{
	char text[CLOCK_TEXT], relative[40];

	if (wall_ms == 0)
		return;
	clock_format(wall_ms, text);
	show_relative(wall_ms, clock_wall(), relative);
	(void)printf("%-16s%s (%s)\n", name, text, relative);
}

static void
field_list(const char *name, char *const *items, size_t count)
{
	struct buf all = { .max = 0 };
	size_t i;

	for (i = 0; i < count; i++) {
		buf_str(&all, i == 0 ? "" : ", ");
		buf_str(&all, items[i]);
	}
	if (count > 0)
		field_show(name, all.data);
	buf_free(&all);
}

static void
envelope_show(const struct found *found)
{
	const struct facts *facts = found->facts;
	const struct job *job = &facts->job;
	char size[64];

	(void)snprintf(size, sizeof(size), "%lld bytes",
	    (long long)facts->payload_bytes);
	field_show("id", found->text);
	field_show("name", facts->name);
	field_show("organization", spool_organization(found->cli->spool));
	field_show("submitter", facts->submitter);
	field_time("accepted", facts->accepted_at);
	field_list("destinations", job->destinations, job->destination_count);
	field_show("callback", job->callback);
	field_show("type", payload_type_name(job->type));
	field_show("payload", size);
	field_show("filename", job->filename);
	field_show("content type", job->content_type);
	(void)snprintf(size, sizeof(size), "%d", job->priority);
	field_show("priority", size);
	field_show("correlation id", job->correlation_id);
	field_show("idempotency key", job->idempotency_key);
	field_list("tags", job->tags, job->tag_count);
	field_time("not before", job->deliver_at);
	field_time("expires", job->expires_at);
	field_show("traceparent", job->traceparent);
}

static void
envelope_json(const struct found *found)
{
	struct buf line = { .max = 0 };

	json_open(&line, NULL, '{');
	json_put_string(&line, "deliveryId", found->text);
	json_put_string(&line, "organizationId",
	    spool_organization(found->cli->spool));
	facts_write(&line, found->facts);
	json_close(&line, '}');
	(void)printf("%s\n", line.data);
	buf_free(&line);
}

/* --- the attempts --- */

static void
number_cell(struct show_table *table, int64_t number)
{
	if (number == 0)
		show_cell(table, SHOW_PLAIN, "");
	else
		show_cell_number(table, number);
}

static void
attempt_row(struct show_table *table, const struct event_line *line)
{
	char text[CLOCK_TEXT], took[32];
	struct buf reason = { .max = 0 };

	number_cell(table, line->attempt);
	clock_format(line->at, text);
	show_cell(table, SHOW_PLAIN, text);
	show_cell(table, line->event == TICKET_delivered ? SHOW_GREEN
	    : line->event == TICKET_failed ? SHOW_RED : SHOW_PLAIN,
	    ticket_event_name(line->event));
	clock_format_duration(line->ms, took);
	show_cell(table, SHOW_PLAIN, line->attempt == 0 ? "" : took);
	number_cell(table, line->code);
	show_cell(table, SHOW_PLAIN,
	    line->error == ERROR_NONE ? "" : error_name(line->error));
	if (line->reason != NULL)
		buf_str(&reason, line->reason);
	if (line->remote != NULL)
		buf_printf(&reason, "%sit said: %s",
		    reason.len > 0 ? "; " : "", line->remote);
	if (line->to != NULL)
		buf_printf(&reason, "%sto %s instead",
		    reason.len > 0 ? "; " : "", line->to);
	if (line->by != NULL)
		buf_printf(&reason, "%sby %s", reason.len == 0 ? "" :
		    line->to != NULL ? ", " : "; ", line->by);
	if (line->possible_duplicate)
		buf_printf(&reason, "%spossible duplicate",
		    reason.len > 0 ? "; " : "");
	show_cell(table, SHOW_PLAIN, reason.data == NULL ? "" : reason.data);
	buf_free(&reason);
}

static void
ticket_show(const struct found *found, size_t i)
{
	const struct selected *item = &found->tickets.items[i];
	struct show_table *table;
	size_t line;

	(void)printf("%s: %s, %d attempt%s\n", item->ticket.destination,
	    queue_name(item->queue), item->ticket.attempts,
	    item->ticket.attempts == 1 ? "" : "s");
	if (!found->read[i])
		return;
	table = show_table_new(stdout, columns);
	for (line = 0; line < found->files[i].line_count; line++)
		attempt_row(table, &found->files[i].lines[line]);
	show_table_close(&table);
}

static void
ticket_json(const struct found *found, size_t i)
{
	const struct selected *item = &found->tickets.items[i];
	struct buf line = { .max = 0 }, event = { .max = 0 };
	size_t each;

	json_open(&line, NULL, '{');
	json_put_string(&line, "destinationId", item->ticket.destination);
	json_put_string(&line, "queue", queue_name(item->queue));
	json_put_integer(&line, "attempts", item->ticket.attempts);
	json_open(&line, "events", '[');
	for (each = 0; found->read[i] && each < found->files[i].line_count;
	    each++) {
		buf_clear(&event);
		event_line_write(&event, &found->files[i].lines[each]);
		json_put_raw(&line, NULL, event.data, event.len - 1);
	}
	json_close(&line, ']');
	json_close(&line, '}');
	(void)printf("%s\n", line.data);
	buf_free(&event);
	buf_free(&line);
}

static void
attempts_show(const struct found *found)
{
	size_t i;

	for (i = 0; i < found->tickets.count; i++)
		if (found->cli->json)
			ticket_json(found, i);
		else
			ticket_show(found, i);
}

/* --- a job without tickets --- */

/* What stands beside a refused drop. */
static int
refused_show(const struct found *found, const char *name, struct why *why)
{
	struct json *error = refused_error(found->cli->spool, name, why);

	if (error == NULL)
		return -1;
	if (found->cli->json) {
		show_json(stdout, error);
	} else {
		field_show("id", found->text);
		field_show("refused", json_string(json_get(error, "code"),
		    "?"));
		field_show("because", json_string(json_get(error, "message"),
		    "?"));
		field_show("kept as", name);
	}
	json_free(&error);
	return 0;
}

static int
refused_cat(const struct found *found, const struct cat *cat, struct why *why)
{
	struct payload payload = { .queue = QUEUE_failed, .length = -1 };
	int done = 0;

	payload.name = refused_find(found->cli->spool, &found->id, why);
	if (payload.name == NULL && why->code == ERROR_DELIVERY_NOT_FOUND)
		(void)why_set(why, ERROR_DELIVERY_NOT_FOUND,
		    "%s has no ticket any more", found->text);
	if (payload.name == NULL)
		return -1;
	if (!cat->body && !cat->attempts)
		done = refused_show(found, payload.name, why);
	if (done == 0 && cat->body)
		done = payload_print(found->cli, &found->id, cat->reason,
		    &payload, false, why);
	payload_free(&payload);
	return done;
}

/* --- the command --- */

/* For people it ends in a line feed, and does no harm to a terminal. */
static int
body_show(const struct found *found, const struct cat *cat, struct why *why)
{
	struct payload payload;
	bool escaped = !cat->body && isatty(STDOUT_FILENO) != 0;
	int done;

	payload_of(&payload, found->facts);
	(void)fflush(stdout);
	done = payload_print(found->cli, &found->id, cat->reason, &payload,
	    escaped, why);
	if (done == 0 && !cat->body)
		(void)printf("\n");
	payload_free(&payload);
	return done;
}

static int
job_cat(const struct found *found, const struct cat *cat, struct why *why)
{
	bool whole = !cat->envelope && !cat->attempts && !cat->body;
	bool json = found->cli->json;

	if (found->facts == NULL)
		return refused_cat(found, cat, why);
	if ((whole || cat->envelope) && json)
		envelope_json(found);
	else if (whole || cat->envelope)
		envelope_show(found);
	if (whole && !json)
		(void)printf("\n");
	if (whole || cat->attempts)
		attempts_show(found);
	if (whole && !json)
		(void)printf("\n");
	return cat->body || (whole && !json) ? body_show(found, cat, why) : 0;
}

static int
spoolcat(struct cli *cli, void *state)
{
	const struct cat *cat = state;
	struct found found = { .cli = cli };
	struct why why;
	int status = 0;

	if (cat->envelope + cat->attempts + cat->body > 1)
		return cli_usage(cli, "only one of -e, -a and -b");
	if (cli_spool(cli, &why) == NULL &&
	    why.code == ERROR_PERMISSION_DENIED)
		return spoolcat_ask(cli, cli->words[0], !cat->body,
		    cat->body || cat->reason != NULL, cat->reason, &why) ==
		    -1 ? cli_fail(cli, &why) : 0;
	if (job_find(&found, cli->words[0], &why) == -1 ||
	    job_cat(&found, cat, &why) == -1)
		status = cli_fail(cli, &why);
	found_free(&found);
	return status;
}

int
main(int argc, char **argv)
{
	static const struct cli_program program = {
		.name = "spoolcat",
		.itself = {
			.synopsis = "ID",
			.sentence = "Shows a job: what was accepted, its "
			    "attempts, its payload.",
			.options = options,
			.words_min = 1,
			.words_max = 1,
			.action = spoolcat,
		},
	};
	struct cat cat = { .reason = NULL };

	return cli_run(&program, argc, argv, &cat);
}
