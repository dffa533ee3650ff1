/*
 * spoolq_explain_drop - where a drop stands that has no ticket
 *
 * It is in new/ still, or was refused, or repeats a key; or its tickets are
 * gone and only the receipt is left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/refused.h"
#include "lib/xalloc.h"
#include "spoold/commands/spoolq_explain.h"

#define RECEIPT_MAX (1024 * 1024)	/* bytes that are read of one */

static bool
word_means(const char *word, const struct id *id)
{
	char text[ID_LENGTH + 1];

	id_format(id, text);
	return strlen(word) >= SELECT_PREFIX_MIN &&
	    strncasecmp(text, word, strlen(word)) == 0;
}

/* --- in new/ --- */

static const struct {
	const char	*word;		/* as delivery.explain has it */
	const char	*why, *next, *command;
} waits[] = {
	{ "intake", "its turn has not come",
	    "it is read, and accepted or refused", "spoolctl status" },
	{ "text", "its text ends too early: whoever writes it may not be done",
	    "it is read again when it has been left alone for 10 s, and then "
	    "refused if it is not whole", NULL },
	{ "reserve", "there is too little free on the disk",
	    "it is accepted when there is more", "df -h" },
	{ "rate", "the organization has dropped more than it may in a minute",
	    "it is accepted when its turn comes", "spoolconf rate_limit" },
	{ "quota", "the organization has as many unfinished jobs as it may",
	    "it is accepted when others are finished", "spoolq" },
	{ "journal", "the journal or the spool cannot be written now",
	    "it is accepted when they can", "spoolctl status" },
};

static void
drop_explain(struct cli *cli, const char *name, const struct id *id)
{
	struct explained e = { .cli = cli, .now = clock_wall(),
		.queue = queue_name(QUEUE_new) };
	struct json *answer;
	const struct json *drop;
	const char *word, *reason;
	struct why why;

	id_format(id, e.id);
	answer = explain_ask(cli, e.id, name, &why);
	drop = json_get(answer, "drop");
	word = json_string(json_get(drop, "waitingFor"), "");
	reason = json_string(json_get(drop, "reason"), NULL);
	buf_printf(&e.state, "is in new/ as %s, not accepted yet", name);
	if (answer == NULL) {
		e.trouble = "spoold is down";
		buf_str(&e.why, e.trouble);
		buf_str(&e.next, "it is read when spoold is started");
		buf_str(&e.command, "spoolctl start");
	}
	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		if (strcmp(waits[i].word, word) != 0)
			continue;
		e.waiting_for = waits[i].word;
		buf_str(&e.why, reason != NULL ? reason : waits[i].why);
		buf_str(&e.next, waits[i].next);
		if (waits[i].command != NULL)
			buf_str(&e.command, waits[i].command);
	}
	explained_show(&e);
	explained_free(&e);
	json_free(&answer);
}

static int
new_explain(struct cli *cli, const char *word, struct why *why)
{
	struct spool_list *list = spool_list(cli->spool, QUEUE_new, why);
	const char *name, *day;
	struct statx stat;
	struct id id;
	int found = 0;

	if (list == NULL)
		return -1;
	while (found == 0 && (name = spool_list_next(list, &day)) != NULL) {
		if (spool_stat(cli->spool, QUEUE_new, name, &stat, why) != 1)
			continue;
		id_make(spool_organization(cli->spool), name, &stat, &id);
		if (!word_means(word, &id))
			continue;
		drop_explain(cli, name, &id);
		found = 1;
	}
	spool_list_free(&list);
	return found;
}

/* --- in failed/ --- */

static int
refused_explain(struct cli *cli, const struct id *id, struct why *why)
{
	struct explained e = { .cli = cli, .now = clock_wall(),
		.queue = queue_name(QUEUE_failed) };
	char *name = refused_find(cli->spool, id, why);
	struct json *error;

	if (name == NULL)
		return why->code == ERROR_DELIVERY_NOT_FOUND ? 0 : -1;
	error = refused_error(cli->spool, name, why);
	id_format(id, e.id);
	buf_printf(&e.state, "was refused; it is kept as failed/%s", name);
	if (error != NULL) {
		e.error = error_by_name(json_string(json_get(error, "code"),
		    ""));
		buf_printf(&e.why, "%s: %s", error_name(e.error),
		    json_string(json_get(error, "message"), "?"));
	} else
		buf_str(&e.why, why->text);
	buf_str(&e.next, "nothing");
	buf_printf(&e.command, "mend failed/%s, then mv -n failed/%s new/",
	    name, name);
	explained_show(&e);
	explained_free(&e);
	json_free(&error);
	free(name);
	return 1;
}

/* --- only a receipt --- */

static struct json *
receipt_read(struct cli *cli, const char *name, struct why *why)
{
	int fd = spool_open_file(cli->spool, QUEUE_receipts, name, why);
	struct buf text = { .max = RECEIPT_MAX };
	struct json *receipt = NULL;
	char chunk[4096];
	ssize_t got;

	if (fd == -1)
		return NULL;
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(&text, chunk, (size_t)got);
	close(fd);
	if (got == 0 && !text.overflow && text.len > 0)
		receipt = json_parse(text.data, text.len, why);
	else
		(void)why_set(why, ERROR_UNAVAILABLE,
		    "receipts/%s cannot be read", name);
	buf_free(&text);
	return receipt;
}

static int
receipt_explain(struct cli *cli, const char *name, const struct id *id,
    struct why *why)
{
	struct explained e = { .cli = cli, .now = clock_wall() };
	struct json *receipt = receipt_read(cli, name, why);
	const char *first = json_string(json_get(receipt, "duplicateOf"),
	    NULL);

	if (receipt == NULL)
		return -1;
	id_format(id, e.id);
	if (first != NULL) {
		buf_printf(&e.state, "is a duplicate of %s", first);
		buf_str(&e.why, "its idempotency key was met before");
		buf_printf(&e.command, "spoolq --explain %s", first);
	} else {
		buf_printf(&e.state, "has no ticket any more; its receipt "
		    "says %s", json_string(json_get(receipt, "status"), "?"));
		buf_printf(&e.command, "spoollog --job %s", e.id);
	}
	buf_str(&e.next, "nothing");
	buf_printf(&e.receipt, "%s/%s/receipts/%s",
	    cli->conf->top_spool_directory, spool_organization(cli->spool),
	    name);
	explained_show(&e);
	explained_free(&e);
	json_free(&receipt);
	return 1;
}

/* Names in failed/ and receipts/ are alike. */
static int
kept_explain(struct cli *cli, enum queue queue, const char *word,
    struct why *why)
{
	struct spool_list *list = spool_list(cli->spool, queue, why);
	const char *name, *day;
	struct id id;
	int found = 0;

	if (list == NULL)
		return -1;
	while (found == 0 && (name = spool_list_next(list, &day)) != NULL)
		if (refused_named(name, &id) && word_means(word, &id))
			found = queue == QUEUE_failed ?
			    refused_explain(cli, &id, why) :
			    receipt_explain(cli, name, &id, why);
	spool_list_free(&list);
	return found;
}

int
explain_drop(struct cli *cli, const char *word, struct why *why)
{
	int found = new_explain(cli, word, why);

	if (found == 0)
		found = kept_explain(cli, QUEUE_failed, word, why);
	if (found == 0)
		found = kept_explain(cli, QUEUE_receipts, word, why);
	return found;
}
