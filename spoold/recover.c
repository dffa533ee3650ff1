/*
 * recover - makes the spool what the journal says
 *
 * In this order: attempts that have no outcome get `maybe` lines; the files of
 * all tickets that the journal speaks of are looked for; jobs and payloads go
 * to jobs/, tickets to where their last line puts them, created if they are
 * missing, with the lines that they lost; then the directories are scanned and
 * the receipts of what has ended are written again.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/alert.h"
#include "spoold/callback.h"
#include "spoold/change.h"
#include "spoold/checkpoint.h"
#include "spoold/commit.h"
#include "spoold/organization.h"
#include "spoold/orphans.h"
#include "spoold/receipts.h"
#include "spoold/recover.h"
#include "spoold/replay.h"
#include "spoold/restore.h"
#include "spoold/retry.h"
#include "spoold/settle.h"
#include "spoold/spoold.h"
#include "spoold/target.h"

/* --- attempts without an outcome ------------------------------------------ */

static void
recover_maybe(struct spoold *s, struct story *story)
{
	struct target *target = target_get(story->organization,
	    story->ticket.destination);
	struct buf fields = { 0 };
	char id[ID_LENGTH + 1];

	id_format(&story->ticket.id, id);
	story->due = clock_wall() + retry_wait(s->conf, target->destination,
	    story->attempt, 0);
	commit_fields(&fields, story->organization->id, id);
	json_put_string(&fields, "dest", story->ticket.destination);
	json_put_integer(&fields, "attempt", story->attempt);
	json_put_integer(&fields, "of", story->attempt_seq);
	json_put_integer(&fields, "attempts", story->attempt);
	json_put_time(&fields, "due", story->due);
	json_put_string(&fields, "errorCode",
	    error_name(ERROR_MAY_HAVE_ARRIVED));
	json_put_string(&fields, "reason",
	    "spoold ended while this attempt was under way");
	(void)commit_line(s, EVENT_maybe, &fields);
	log_info("%s.%s: maybe attempt=%d", id, story->ticket.destination,
	    story->attempt);
	story->attempt_seq = 0;
	story->ticket.attempts = story->attempt;
	if (story->to != QUEUE_hold && story->to != QUEUE_failed) {
		story->to = QUEUE_retry;
		story->wins = false;
	}
}

/* --- where the files are -------------------------------------------------- */

/* Notes a file, or puts a second one of the same ticket aside. */
static void
recover_found(struct spoold *s, struct stories *stories,
    struct organization *org, enum queue queue, const char *day,
    const char *name)
{
	char path[TICKET_NAME_MAX + CLOCK_DAY];
	struct ticket ticket;
	struct story *story;

	if (ticket_parse(name, &ticket) == -1)
		return;
	story = story_find(stories, org, &ticket.id, ticket.destination);
	if (story == NULL)
		return;
	(void)snprintf(path, sizeof(path), "%s%s%s", day,
	    day[0] != '\0' ? "/" : "", name);
	if (story->found) {
		/* The one where the journal puts it is the ticket. */
		if (queue != story->to ||
		    ticket.attempts != story->ticket.attempts) {
			settle_put_aside(s, org, queue, path);
			return;
		}
		settle_put_aside(s, org, story->queue, story->name);
		free(story->name);
	}
	story->found = true;
	story->queue = queue;
	story->name = xstrdup(path);
	story->ticket.priority = ticket.priority;
	/* No line says how often it was tried. */
	if (story->to == QUEUES)
		story->ticket.attempts = ticket.attempts;
}

static int
recover_look(struct spoold *s, struct stories *stories, struct why *why)
{
	static const enum queue queues[] = { QUEUE_cur, QUEUE_retry,
	    QUEUE_hold, QUEUE_failed, QUEUE_done };
	struct organization *org;
	struct spool_list *list;
	const char *name, *day;

	if (RB_EMPTY(stories))
		return 0;
	TAILQ_FOREACH(org, &s->organizations, entry)
		for (size_t i = 0; i < sizeof(queues) / sizeof(*queues); i++) {
			list = spool_list(org->spool, queues[i], why);
			if (list == NULL)
				return -1;
			while ((name = spool_list_next(list, &day)) != NULL)
				recover_found(s, stories, org, queues[i], day,
				    name);
			spool_list_free(&list);
		}
	return 0;
}

/* --- where they belong ---------------------------------------------------- */

/* The file of that story is at its place now. */
static void
story_moved(struct story *story, const char *name)
{
	free(story->name);
	story->name = xstrdup(name);
	story->queue = story->to;
}

static bool
is_before_requeue(const struct story *story)
{
	return story->requeued && (story->queue == QUEUE_failed ||
	    story->queue == QUEUE_done) && (story->to == QUEUE_cur ||
	    story->to == QUEUE_retry);
}

/*
 * Moves a ticket's file to where its last line puts it.  With the count of
 * attempts of that line it was moved by a person since, and stays, unless the
 * line is one that does not change the count and must hold; or the count began
 * anew, and the file is where it was before that: then no move was kept.
 */
static int
recover_move(struct story *story, struct why *why)
{
	struct spool *spool = story->organization->spool;
	char name[TICKET_NAME_MAX], path[TICKET_NAME_MAX + CLOCK_DAY];
	const char *base = strrchr(story->name, '/');
	int64_t now = clock_wall();
	struct ticket found;
	int result;

	base = base == NULL ? story->name : base + 1;
	if (ticket_parse(base, &found) == -1 || story->to == QUEUES)
		return 0;
	if (found.attempts == story->ticket.attempts &&
	    (!story->wins || story->to == story->queue) &&
	    !is_before_requeue(story))
		return 0;
	if (found.attempts > story->ticket.attempts && !story->wins)
		return 0;
	/* Set aside while the attempt was under way: there it stays. */
	if (found.attempts < story->ticket.attempts &&
	    story->to == QUEUE_retry && (story->queue == QUEUE_hold ||
	    story->queue == QUEUE_failed))
		story->to = story->queue;
	ticket_format(&story->ticket, name);
	if (spool_set_due(spool, story->queue, story->name,
	    story->to == QUEUE_retry ? story->due : now, why) == -1)
		return -1;
	if (story->to == QUEUE_done) {
		clock_format_day(now, path);
		(void)snprintf(path + CLOCK_DAY - 1,
		    sizeof(path) - CLOCK_DAY + 1, "/%s", name);
		result = spool_move_done(spool, story->queue, story->name,
		    name, now, why);
	} else {
		(void)snprintf(path, sizeof(path), "%s", name);
		result = spool_move(spool, story->queue, story->name,
		    story->to, name, why);
	}
	if (result == 1)
		story_moved(story, path);
	return result == -1 ? -1 : 0;
}

static int
recover_moves(struct stories *stories, struct why *why)
{
	struct story *story;

	RB_FOREACH(story, stories, stories)
		if (story->found && !story->withdrawn && !story->purged &&
		    recover_move(story, why) == -1)
			return -1;
	return 0;
}

/* --- a spool from a backup ------------------------------------------------ */

/* True if the spool and the journal are not of the same time. */
static int
recover_is_restored(const struct spoold *s, const struct journal_found *found,
    struct why *why)
{
	int64_t seq = checkpoint_read(s->conf->top_spool_directory, why);

	if (seq == -1)
		return -1;
	return seq != found->checkpoint && seq != found->previous_checkpoint;
}

static size_t
recover_hold_tickets(struct spoold *s, struct organization *org)
{
	struct change_place place;
	char name[TICKET_NAME_MAX];
	struct waiting *w;
	struct why why;
	size_t count = 0;

	RB_FOREACH(w, waiting_by_name, &org->tickets) {
		if (w->queue == QUEUE_hold)
			continue;
		tickets_name(w, name);
		place = (struct change_place) { (enum queue)w->queue, name };
		if (change_ticket(s, org, CHANGE_hold, &place, false,
		    "restored from a backup", &why) == 1)
			count++;
		else
			log_warning("%s: %s", name, why.text);
	}
	return count;
}

/* Drops wait in hold/ under their own names; mv brings them back to new/. */
static size_t
recover_hold_drops(struct organization *org)
{
	struct spool_list *list;
	const char *name, *day;
	struct why why;
	size_t count = 0;

	list = spool_list(org->spool, QUEUE_new, &why);
	while (list != NULL && (name = spool_list_next(list, &day)) != NULL) {
		if (!drop_named(name))
			continue;
		if (spool_move(org->spool, QUEUE_new, name, QUEUE_hold, name,
		    &why) == 1)
			count++;
		else
			log_warning("new/%s: stays there: %s", name,
			    why.text);
	}
	spool_list_free(&list);
	return count;
}

/* Everything that would be attempted is set aside, for a person to look at. */
static void
recover_hold_all(struct spoold *s)
{
	size_t tickets = 0, drops = 0;
	struct organization *org;

	TAILQ_FOREACH(org, &s->organizations, entry) {
		tickets += recover_hold_tickets(s, org);
		drops += recover_hold_drops(org);
	}
	alert_begin(s, ALERT_restored, "the spool and the journal are not of "
	    "the same time: in hold/ are %zu ticket%s and %zu drop%s now",
	    tickets, tickets == 1 ? "" : "s", drops, drops == 1 ? "" : "s");
}

/* --- all of it ------------------------------------------------------------ */

static void
recover_scan(struct spoold *s)
{
	struct organization *org;

	TAILQ_FOREACH(org, &s->organizations, entry) {
		organization_scan(org, SCAN_ALL);
		while (organization_scan_piece(s, org))
			;
	}
}

/* The receipts of the jobs of which a ticket has ended since. */
static void
recover_receipts(struct spoold *s, struct stories *stories)
{
	struct ticket_file file;
	struct story *story;
	struct why why;

	RB_FOREACH(story, stories, stories) {
		if (!story->ended || !story->found || story->withdrawn ||
		    story->purged ||
		    spool_read_ticket(story->organization->spool,
		    story->queue, story->name, &file, &why) != 1)
			continue;
		if (story->queue == QUEUE_done || story->queue == QUEUE_failed)
			finished_add(story->organization, &story->ticket,
			    story->queue, story->name);
		receipts_update(s, story->organization, &file.facts);
		ticket_file_free(&file);
	}
}

static int
recover_callbacks(struct spoold *s, struct why *why)
{
	struct organization *org;

	TAILQ_FOREACH(org, &s->organizations, entry)
		if (callbacks_resume(s, org, why) == -1)
			return -1;
	return 0;
}

static int
recover_stories(struct spoold *s, const struct journal_found *found,
    struct stories *stories, struct why *why)
{
	struct story *story;

	if (replay_read(s, found->checkpoint, found->up_to, stories,
	    why) == -1)
		return -1;
	RB_FOREACH(story, stories, stories)
		if (story->attempt_seq != 0 && !story->withdrawn)
			recover_maybe(s, story);
	commit_wait(s);
	if (!commit_possible(s, NULL))
		return why_set(why, ERROR_UNAVAILABLE,
		    "the journal cannot be written: %s",
		    s->alerts[ALERT_journal].reason);
	if (recover_look(s, stories, why) == -1 ||
	    recover_moves(stories, why) == -1 ||
	    restore_read(s, found->up_to, stories, why) == -1)
		return -1;
	return 0;
}

int
recover(struct spoold *s, const struct journal_found *found, struct why *why)
{
	struct stories stories = RB_INITIALIZER(&stories);
	int result = -1, restored = s->restored;

	if (!restored)
		restored = recover_is_restored(s, found, why);
	if (restored == -1 || recover_stories(s, found, &stories, why) == -1)
		goto out;
	recover_scan(s);
	recover_receipts(s, &stories);
	if (orphans_restore(s, why) == -1 || recover_callbacks(s, why) == -1)
		goto out;
	if (restored)
		recover_hold_all(s);
	commit_wait(s);
	result = 0;
out:
	stories_free(&stories);
	return result;
}
