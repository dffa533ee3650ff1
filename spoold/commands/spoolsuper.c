/*
 * spoolsuper - hold, release, try again, cancel, give up; as postsuper(1)
 *
 * The letters are rows of one table, done in the order in which they were
 * given.  What is meant is found by reading the directories; spoold does it,
 * so it is journaled, whoever asks and whether spoold was running or not.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/select.h"
#include "lib/show.h"
#include "lib/xalloc.h"

#include "spoold/commands/spoolsuper.h"

typedef struct libspool_result *deed_call(struct libspool *,
	    const struct libspool_tickets *, struct libspool_error *);

struct deed {
	int		 letter;
	unsigned	 all;		/* queues of ALL and DEST:ALL */
	deed_call	*call;		/* NULL: libspool_retry() */
	const char	*done;		/* as spoold calls it */
};

#define REVOKE 0			/* it has no letter */

static const struct deed deeds[] = {
	{ 'd', QUEUE_BIT(cur) | QUEUE_BIT(retry) | QUEUE_BIT(hold),
	    libspool_cancel, "cancelled" },
	{ 'h', QUEUE_BIT(cur) | QUEUE_BIT(retry), libspool_hold, "held" },
	{ 'H', QUEUE_BIT(hold), libspool_release, "released" },
	{ 'r', QUEUE_BIT(failed), NULL, "requeued" },
	{ 'e', QUEUE_BIT(cur) | QUEUE_BIT(retry) | QUEUE_BIT(hold),
	    libspool_expire, "expired" },
	{ REVOKE, QUEUE_BIT(done), libspool_revoke, "revoked" },
	{ 0, 0, NULL, NULL }
};

struct wish {
	const struct deed *deed;
	const char	*word;
};

struct super {
	struct wish	*wishes;	/* own */
	size_t		 count;
	bool		 only, delivered, structure, purge;
	const char	*to;		/* a destination, or NULL */
	bool		 retries;	/* -r is among the wishes */
	const struct cli *cli;		/* borrowed */
	size_t		 changed, unchanged;
};

static cli_call	 wish_add;

#define SUPER(field) offsetof(struct super, field)

static const struct cli_option options[] = {
	{ 'd', "cancel", "ID", "Cancel; it goes to failed/.", CLI_CALL, 0,
	    wish_add },
	{ 'h', "hold", "ID", "Set aside until it is released.", CLI_CALL, 0,
	    wish_add },
	{ 'H', "release", "ID", "Let what is held go on.", CLI_CALL, 0,
	    wish_add },
	{ 'r', "requeue", "ID",
	    "Try a dead letter again, from the first attempt.", CLI_CALL, 0,
	    wish_add },
	{ 'e', "expire", "ID", "Give up now; it goes to failed/ as expired.",
	    CLI_CALL, 0, wish_add },
	{ REVOKE, "revoke", "ID", "End the download links of what was "
	    "delivered.", CLI_CALL, 0, wish_add },
	{ 'p', "purge", NULL, "Purge now what retention says is due.",
	    CLI_FLAG, SUPER(purge), NULL },
	{ 's', "structure", NULL, "Check the spool's structure and repair it, "
	    "with spoold down.", CLI_FLAG, SUPER(structure), NULL },
	{ 0, "delivered", NULL, "With -r: what was delivered, too.", CLI_FLAG,
	    SUPER(delivered), NULL },
	{ 0, "to", "DEST", "With -r: to this destination instead.", CLI_TEXT,
	    SUPER(to), NULL },
	{ 'n', "dry-run", NULL, "Only say how many it would be.",
	    CLI_FLAG, SUPER(only), NULL },
	{ 0, NULL, NULL, NULL, CLI_FLAG, 0, NULL }
};

static int
wish_add(void *state, const struct cli_option *option, const char *argument,
    struct why *why)
{
	struct super *super = state;
	const struct deed *deed = deeds;

	(void)why;
	while (deed->letter != option->letter)
		deed++;
	super->retries = super->retries || deed->letter == 'r';
	super->wishes = xreallocarray(super->wishes, super->count + 1,
	    sizeof(*super->wishes));
	super->wishes[super->count++] = (struct wish) { deed, argument };
	return 0;
}

/* `01JD….ehr-webhook: held`, or with -j spoold's own object. */
static void
ticket_print(const struct super *super, const struct json *ticket)
{
	const char *reason = json_string(json_get(ticket, "reason"), NULL);
	const char *to = json_string(json_get(ticket, "to"), NULL);
	struct buf line = { .max = 0 };

	if (super->cli->json)
		json_print(&line, ticket);
	else {
		show_escape(&line,
		    json_string(json_get(ticket, "deliveryId"), "?"));
		buf_char(&line, '.');
		show_escape(&line,
		    json_string(json_get(ticket, "destinationId"), "?"));
		buf_str(&line, ": ");
		show_escape(&line,
		    json_string(json_get(ticket, "status"), "?"));
		if (to != NULL) {
			buf_str(&line, " to ");
			show_escape(&line, to);
		}
		if (reason != NULL) {
			buf_str(&line, ": ");
			show_escape(&line, reason);
		}
	}
	(void)printf("%s\n", line.data);
	buf_free(&line);
}

/* Has it done to these tickets, and says so.  0, or -1 with *why. */
static int
deed_do(struct cli *cli, struct super *super, const struct deed *deed,
    const struct libspool_tickets *tickets, struct why *why)
{
	struct libspool *spoold = cli_spoold(cli, CLI_ANYHOW);
	const struct json *each;
	struct json *answer;

	answer = cli_answer(cli, deed->call != NULL ?
	    deed->call(spoold, tickets, &cli->error) :
	    libspool_retry(spoold, tickets, super->delivered, super->to,
	    &cli->error), why);
	each = json_first(json_get(answer, "tickets"));
	for (; each != NULL; each = json_next(each)) {
		ticket_print(super, each);
		if (strcmp(json_string(json_get(each, "status"), ""),
		    "unchanged") == 0)
			super->unchanged++;
		else
			super->changed++;
	}
	if (answer == NULL)
		return -1;
	json_free(&answer);
	return 0;
}

static void
summary_print(const struct super *super, const struct deed *deed)
{
	if (super->cli->json)
		return;
	(void)printf("%zu ticket%s %s", super->changed,
	    super->changed == 1 ? "" : "s", deed->done);
	if (super->unchanged > 0)
		(void)printf(", %zu unchanged", super->unchanged);
	(void)printf("\n");
}

/* Drops that were set aside go back to new/.  0, or -1 with *why. */
static int
drops_release(struct cli *cli, struct super *super, struct why *why)
{
	struct spool_list *list = spool_list(cli->spool, QUEUE_hold, why);
	const char *name, *day;
	struct ticket ticket;
	size_t moved = 0;
	int result = 0;

	if (list == NULL)
		return -1;
	while (result != -1 && (name = spool_list_next(list, &day)) != NULL) {
		if (name[0] == '.' || ticket_parse(name, &ticket) == 0)
			continue;
		if (!super->only)
			result = spool_move(cli->spool, QUEUE_hold, name,
			    QUEUE_new, name, why);
		moved += result == 1 || super->only;
	}
	spool_list_free(&list);
	if (result != -1 && moved > 0 && !cli->json)
		(void)printf("%zu drop%s %s\n", moved, moved == 1 ? "" : "s",
		    super->only ? "in hold/" : "back in new/");
	return result == -1 ? -1 : 0;
}

/* Returns 0, or -1 with *why. */
static int
wish_do(struct cli *cli, struct super *super, const struct wish *wish,
    struct why *why)
{
	const struct deed *deed = wish->deed;
	struct selection tickets = { NULL, 0 };
	struct select_part part = { .next = 0 };
	unsigned all = deed->all;
	int done = 0;

	if (super->delivered && deed->letter == 'r')
		all |= QUEUE_BIT(done);
	if (select_tickets(cli->spool, &wish->word, 1, SELECT_EVERYWHERE, all,
	    &tickets, why) == -1)
		return -1;
	select_announce(cli, tickets.count, super->only);
	super->changed = super->unchanged = 0;
	while (!super->only && done == 0 && select_part(&tickets, &part))
		done = deed_do(cli, super, deed, &part.tickets, why);
	if (!super->only && (done == 0 || super->changed > 0))
		summary_print(super, deed);
	if (done == 0 && deed->letter == 'H' && strcmp(wish->word, "ALL") == 0)
		done = drops_release(cli, super, why);
	selection_free(&tickets);
	return done;
}

/*
 * The same for who may not read the spool: spoold finds the tickets, by whole
 * ids alone.
 */
static int
wish_ask(struct cli *cli, struct super *super, const struct wish *wish,
    struct why *why)
{
	char text[ID_LENGTH + 1];
	struct libspool_tickets tickets = { .id = text };
	struct id id;

	if (super->only || strlen(wish->word) < ID_LENGTH ||
	    id_parse(wish->word, &id) == -1 ||
	    (wish->word[ID_LENGTH] != '\0' && wish->word[ID_LENGTH] != '.'))
		return why_set(why, ERROR_PERMISSION_DENIED, "%s: you may not "
		    "read the spool, so name a whole ID or ID.DEST, without "
		    "-n", wish->word);
	id_format(&id, text);
	if (wish->word[ID_LENGTH] == '.')
		tickets.destination = wish->word + ID_LENGTH + 1;
	super->changed = super->unchanged = 0;
	if (deed_do(cli, super, wish->deed, &tickets, why) == -1)
		return -1;
	summary_print(super, wish->deed);
	return 0;
}

/* `delivered: 12 jobs`, or with -j spoold's own object. */
static void
kind_print(const struct cli *cli, const struct json *kind)
{
	struct buf line = { .max = 0 };

	if (cli->json)
		json_print(&line, kind);
	else
		buf_printf(&line, "%s: %lld %s",
		    json_string(json_get(kind, "kind"), "?"),
		    (long long)json_integer(json_get(kind, "count"), 0),
		    json_string(json_get(kind, "unit"), "?"));
	(void)printf("%s\n", line.data);
	buf_free(&line);
}

/* What retention says is due goes, or is counted.  0, or -1 with *why. */
static int
purge(struct cli *cli, const struct super *super, struct why *why)
{
	const struct json *kind;
	struct json *result;

	result = cli_answer(cli, libspool_queue_sweep(
	    cli_spoold(cli, CLI_ANYHOW), super->only, &cli->error), why);
	if (result == NULL)
		return -1;
	kind = json_first(json_get(result, "kinds"));
	for (; kind != NULL; kind = json_next(kind))
		kind_print(cli, kind);
	if (!cli->json)
		(void)printf("%lld %s\n", (long long)json_integer(
		    json_get(result, "totalCount"), 0),
		    super->only ? "due" : "purged");
	json_free(&result);
	return 0;
}

static int
spoolsuper(struct cli *cli, void *state)
{
	struct super *super = state;
	struct why why;
	int status = 0, remaining = 0;
	size_t i;

	super->cli = cli;
	if (super->count == 0 && !super->structure && !super->purge)
		return cli_usage(cli, "what to do is missing: -d, -e, -h, "
		    "-H, -p, -r, -s");
	if (!super->retries && (super->to != NULL || super->delivered))
		return cli_usage(cli, "--to and --delivered are for -r");
	if (super->structure && super->only)
		return cli_usage(cli, "-n is not for -s: spoolctl check only "
		    "looks");
	if (super->structure)
		remaining = spoolsuper_structure(cli, &why);
	if (remaining == -1 ||
	    (super->purge && purge(cli, super, &why) == -1))
		return cli_fail(cli, &why);
	if (super->count == 0)
		return remaining > 0;
	if (cli_spool(cli, &why) == NULL &&
	    why.code != ERROR_PERMISSION_DENIED)
		return cli_fail(cli, &why);
	for (i = 0; i < super->count && status == 0; i++)
		if ((cli->spool == NULL ?
		    wish_ask(cli, super, &super->wishes[i], &why) :
		    wish_do(cli, super, &super->wishes[i], &why)) == -1)
			status = cli_fail(cli, &why);
	return status == 0 ? remaining > 0 : status;
}

int
main(int argc, char **argv)
{
	static const struct cli_program program = {
		.name = "spoolsuper",
		.itself = {
			.sentence = "Holds, releases, tries again, cancels and "
			    "gives up tickets, and purges\nwhat is due.\n"
			    "ID is a job's id or 8 or more "
			    "characters of it, ID.DEST one of its\ntickets, "
			    "DEST:ALL a destination's, ALL every one; - reads "
			    "them\nfrom standard input.",
			.options = options,
			.action = spoolsuper,
		},
	};
	struct super super = { .wishes = NULL };
	int status = cli_run(&program, argc, argv, &super);

	free(super.wishes);
	return status;
}
