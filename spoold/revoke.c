/*
 * revoke - a person ends the links of a ticket
 *
 * Those that it has published stand in its file, by their references, also of
 * deliveries before it was requeued.  The ticket's job rests from then on.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/published_file.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/commit.h"
#include "spoold/finished.h"
#include "spoold/links.h"
#include "spoold/organization.h"
#include "spoold/receipts.h"
#include "spoold/replay.h"
#include "spoold/revoke.h"
#include "spoold/settle.h"
#include "spoold/spoold.h"

struct revocation {
	TAILQ_ENTRY(revocation) entry;
	struct organization *organization;	/* borrowed */
	struct ticket	 ticket;
	enum queue	 queue;		/* where it was seen */
	char		*name;		/* own; there */
	struct event_line line;		/* own; for its file */
	bool		 written;	/* the line is in it */
};

bool
revoke_pending(const struct spoold *s, const char *reference)
{
	const struct revocation *revocation;

	TAILQ_FOREACH(revocation, &s->revocations, entry)
		if (strcmp(revocation->line.reference, reference) == 0)
			return true;
	return false;
}

static void
revocation_free(struct spoold *s, struct revocation *revocation)
{
	TAILQ_REMOVE(&s->revocations, revocation, entry);
	event_line_free(&revocation->line);
	free(revocation->name);
	free(revocation);
}

void
revoke_free_all(struct spoold *s)
{
	struct revocation *revocation, *next;

	TAILQ_FOREACH_SAFE(revocation, &s->revocations, entry, next)
		revocation_free(s, revocation);
}

/* --- the action ----------------------------------------------------------- */

/*
 * Appends the line to the ticket's file, where it is now.  1, 0 if it is
 * nowhere, -1 with *why.
 */
static int
revocation_write(struct revocation *revocation, struct why *why)
{
	struct spool *spool = revocation->organization->spool;
	char name[TICKET_NAME_MAX];
	struct buf line = { 0 };
	int result, where;

	if (revocation->written)
		return 1;
	event_line_write(&line, &revocation->line);
	result = spool_append_note(spool, revocation->queue,
	    revocation->name, line.data, line.len, why);
	ticket_format(&revocation->ticket, name);
	where = result == 0 ? settle_locate(revocation->organization, name) :
	    -1;
	if (where != -1) {
		revocation->queue = (enum queue)where;
		free(revocation->name);
		revocation->name = xstrdup(name);
		result = spool_append_note(spool, revocation->queue, name,
		    line.data, line.len, why);
	}
	buf_free(&line);
	revocation->written = result == 1;
	/* Its job rests from now on. */
	if (result == 1 && revocation->queue == QUEUE_done)
		result = spool_set_due(spool, QUEUE_done, revocation->name,
		    revocation->line.at, why);
	return result;
}

static void
revocation_receipt(struct spoold *s, const struct revocation *revocation)
{
	struct organization *org = revocation->organization;
	struct ticket_file file;
	struct why why;

	if (revocation->queue != QUEUE_done || spool_read_ticket(org->spool,
	    QUEUE_done, revocation->name, &file, &why) != 1)
		return;
	finished_add(org, &revocation->ticket, QUEUE_done, revocation->name);
	receipts_update(s, org, &file.facts);
	ticket_file_free(&file);
}

static void
revocation_apply(struct spoold *s, void *arg)
{
	struct revocation *revocation = arg;
	struct organization *org = revocation->organization;
	char name[TICKET_NAME_MAX];
	struct why why;

	if (links_change(org, revocation->line.reference, 0,
	    revocation->line.at, &why) == -1 ||
	    revocation_write(revocation, &why) == -1) {
		commit_redo(s, org, revocation_apply, revocation, why.text);
		return;
	}
	if (revocation->written)
		revocation_receipt(s, revocation);
	ticket_format(&revocation->ticket, name);
	log_info("%s: revoked link=%s by=%s", name,
	    revocation->line.reference, revocation->line.by);
	revocation_free(s, revocation);
}

/* --- asking for it -------------------------------------------------------- */

static void
revocation_begin(struct spoold *s, struct organization *org,
    const struct change_place *place, const struct ticket *ticket,
    const char *reference, const char *by)
{
	struct revocation *revocation = xcalloc(1, sizeof(*revocation));
	struct event_line *line = &revocation->line;
	struct buf fields = { 0 };
	char id[ID_LENGTH + 1];

	revocation->organization = org;
	revocation->ticket = *ticket;
	revocation->queue = place->queue;
	revocation->name = xstrdup(place->name);
	line->event = TICKET_revoked;
	line->at = clock_wall();
	line->reference = xstrdup(reference);
	line->by = xstrdup(by);
	id_format(&ticket->id, id);
	commit_fields(&fields, org->id, id);
	json_put_string(&fields, "dest", ticket->destination);
	json_put_string(&fields, "reference", reference);
	json_put_string(&fields, "by", by);
	line->seq = commit_line_at(s, EVENT_revoked, line->at, &fields);
	TAILQ_INSERT_TAIL(&s->revocations, revocation, entry);
	commit_then(s, org, revocation_apply, revocation);
}

/* True if there is such a link, and it can be fetched. */
static bool
link_lives(const struct spoold *s, const struct organization *org,
    const char *reference)
{
	struct published_state state;
	struct published p;
	bool lives;
	struct why why;

	if (published_load(org->spool, reference, &p, &state, &why) != 1)
		return false;
	lives = state.revoked_at == 0 && p.expires_at > clock_wall() &&
	    !revoke_pending(s, reference);
	published_free(&p);
	return lives;
}

int
revoke_ticket(struct spoold *s, struct organization *org,
    const struct change_place *place, const char *by, struct why *why)
{
	struct ticket_file file;
	struct ticket ticket;
	int result, ended = 0;

	result = change_possible(s, org, place, &ticket, why);
	if (result != 1)
		return result;
	result = spool_read_ticket(org->spool, place->queue, place->name,
	    &file, why);
	if (result == -1)
		return -1;
	for (size_t i = 0; result == 1 && i < file.line_count; i++) {
		const struct event_line *line = &file.lines[i];

		if (line->link_expires_at == 0 || line->reference == NULL ||
		    !link_lives(s, org, line->reference))
			continue;
		revocation_begin(s, org, place, &ticket, line->reference, by);
		ended++;
	}
	if (result == 1)
		ticket_file_free(&file);
	if (ended > 0)
		return 1;
	(void)why_set(why, ERROR_CONFLICT,
	    "it has no link that can be fetched");
	return 0;
}

/* --- after a crash -------------------------------------------------------- */

int
revoke_redo(const struct organization *org, const struct json *line,
    struct why *why)
{
	int64_t at;

	if (clock_parse(json_string(json_get(line, "time"), ""), &at) == -1)
		return 0;
	return links_change(org, json_string(json_get(line, "reference"), ""),
	    0, at, why) == -1 ? -1 : 0;
}

int
revoke_redo_ticket(const struct story *story, const struct json *line,
    struct why *why)
{
	int64_t at;

	if (story->queue != QUEUE_done || clock_parse(json_string(
	    json_get(line, "time"), ""), &at) == -1)
		return 0;
	return spool_set_due(story->organization->spool, QUEUE_done,
	    story->name, at, why) == -1 ? -1 : 0;
}
