/*
 * restore - what a crash lost, from the journal
 *
 * Read a second time, line by line, so that no more than one job's facts are
 * in memory: an `accepted` line brings its job, payload and tickets back, a
 * `requeued` one with `to` its ticket, an
 * outcome's line is added to its ticket if it is not in it.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/facts.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/receipt.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/admit.h"
#include "spoold/erasure.h"
#include "spoold/keys.h"
#include "spoold/links.h"
#include "spoold/organization.h"
#include "spoold/purge.h"
#include "spoold/receipts.h"
#include "spoold/restore.h"
#include "spoold/revoke.h"
#include "spoold/spoold.h"

struct restore {
	struct spoold	*spoold;	/* borrowed */
	struct stories	*stories;	/* borrowed */
};

/* --- tickets -------------------------------------------------------------- */

/* Creates a ticket that is nowhere, where its story puts it. */
static int
restore_create(struct story *story, const struct buf *text, struct why *why)
{
	struct spool *spool = story->organization->spool;
	char name[TICKET_NAME_MAX], path[TICKET_NAME_MAX + CLOCK_DAY];
	int64_t now = clock_wall();

	ticket_format(&story->ticket, name);
	(void)snprintf(path, sizeof(path), "%s", name);
	if (story->to == QUEUE_done) {
		/* Made in cur/ first: its day's directory may be missing. */
		if (spool_create(spool, QUEUE_cur, name, text->data, text->len,
		    why) == -1 || spool_move_done(spool, QUEUE_cur, name, name,
		    now, why) == -1)
			return -1;
		clock_format_day(now, path);
		(void)snprintf(path + CLOCK_DAY - 1,
		    sizeof(path) - CLOCK_DAY + 1, "/%s", name);
	} else if (spool_create(spool, story->to, name, text->data, text->len,
	    why) == -1 || (story->to == QUEUE_retry &&
	    spool_set_due(spool, story->to, name, story->due, why) == -1))
		return -1;
	story->found = true;
	story->queue = story->to;
	free(story->name);
	story->name = xstrdup(path);
	return 0;
}

/* One that lost its content (an unsynced file has 0 bytes) gets it back. */
static int
restore_content(struct story *story, const struct buf *text, struct why *why)
{
	struct spool *spool = story->organization->spool;
	struct ticket_file file;
	int result;

	result = spool_read_ticket(spool, story->queue, story->name, &file,
	    why);
	if (result == 1) {
		ticket_file_free(&file);
		return 0;
	}
	if (spool_replace(spool, story->queue, story->name, text->data,
	    text->len, why) == -1)
		return -1;
	if (story->queue == QUEUE_retry && spool_set_due(spool, story->queue,
	    story->name, story->due, why) == -1)
		return -1;
	return 0;
}

static int
restore_tickets(struct stories *stories, struct organization *org,
    const struct facts *facts, struct why *why)
{
	struct buf text = { 0 };
	struct story *story;
	int result = 0;

	admit_line(&text, facts);
	for (size_t i = 0; i < facts->job.destination_count &&
	    result == 0; i++) {
		story = story_find(stories, org, &facts->id,
		    facts->job.destinations[i]);
		if (story == NULL || story->withdrawn || story->purged)
			continue;
		result = story->found ? restore_content(story, &text, why) :
		    restore_create(story, &text, why);
	}
	buf_free(&text);
	return result;
}

/* --- the lines after the checkpoint --------------------------------------- */

static int
restore_accepted(struct stories *stories, struct organization *org,
    const struct id *id, const struct json *line, struct why *why)
{
	struct story *story;
	struct facts facts;
	int64_t changed;
	int result;

	if (facts_read(line, &facts, why) == -1)
		return -1;
	facts.id = *id;
	story = facts.job.destination_count == 0 ? NULL : story_find(stories,
	    org, id, facts.job.destinations[0]);
	if (story != NULL && story->withdrawn)
		result = admit_undo(org, &facts, why);
	else if (story != NULL && !stories_live(stories, org, id))
		/* Its key counts on; of what came to nothing it is free. */
		result = stories_delivered(stories, org, id) ?
		    keys_write(org, &facts, why) : 0;
	else {
		result = admit_move(org, &facts, &changed, why) == -1 ?
		    -1 : 0;
		stories_moved(stories, org, id, changed);
		if (result == 0)
			result = restore_tickets(stories, org, &facts, why);
	}
	facts_free(&facts);
	return result;
}

/* The event of a ticket's file that a journal's line is, or -1. */
static int
restore_event(int event)
{
	for (int i = 0; i < TICKET_EVENTS; i++)
		if (strcmp(ticket_event_name((enum ticket_event)i),
		    event_name((enum event)event)) == 0)
			return i;
	return -1;
}

/* Fills it in from the journal; the strings stay the line's. */
static void
restore_event_line(struct event_line *out, int event, int64_t seq,
    const struct json *line)
{
	const char *error = json_string(json_get(line, "errorCode"), "");
	const struct json *link = json_get(line, "published");
	int64_t time;

	*out = (struct event_line) {
		.event = (enum ticket_event)event,
		.attempt = (int)json_integer(json_get(line, "attempt"), 0),
		.seq = seq,
		.ms = json_integer(json_get(line, "ms"), 0),
		.code = (int)json_integer(json_get(line, "code"), 0),
		.error = error_by_name(error),
		.possible_duplicate = json_boolean(json_get(line,
		    "possibleDuplicate"), false),
		.reason = (char *)(uintptr_t)json_string(json_get(line,
		    "reason"), NULL),
		.reference = (char *)(uintptr_t)json_string(json_get(line,
		    "reference"), NULL),
		.by = (char *)(uintptr_t)json_string(json_get(line, "by"),
		    NULL),
		.to = (char *)(uintptr_t)json_string(json_get(line, "to"),
		    NULL),
		.link_number = (int)json_integer(json_get(link, "number"), 0),
		.link_base = (char *)(uintptr_t)json_string(json_get(link,
		    "baseUrl"), NULL),
		.link_key = (char *)(uintptr_t)json_string(json_get(link,
		    "key"), NULL),
	};
	if (clock_parse(json_string(json_get(line, "time"), ""), &time) == 0)
		out->at = time;
	if (clock_parse(json_string(json_get(line, "due"), ""), &time) == 0)
		out->due = time;
	if (clock_parse(json_string(json_get(line, "eraseAt"), ""), &time) == 0)
		out->erase_at = time;
	if (clock_parse(json_string(json_get(link, "expiresAt"), ""),
	    &time) == 0)
		out->link_expires_at = time;
}

/* Adds an outcome's line to its ticket, if it is not in it. */
static int
restore_outcome(struct story *story, int event, int64_t seq,
    const struct json *line, struct why *why)
{
	struct spool *spool = story->organization->spool;
	struct event_line event_line;
	struct ticket_file file;
	struct buf text = { 0 };
	bool there = false;
	int result;

	result = spool_read_ticket(spool, story->queue, story->name, &file,
	    why);
	if (result != 1)
		return result;
	for (size_t i = 0; i < file.line_count; i++)
		there = there || file.lines[i].seq == seq;
	ticket_file_free(&file);
	if (there)
		return 0;
	restore_event_line(&event_line, event, seq, line);
	event_line_write(&text, &event_line);
	result = spool_append_note(spool, story->queue, story->name,
	    text.data, text.len, why);
	buf_free(&text);
	/* One of which no line says where it belongs is due as it was. */
	if (result == 1 && story->queue == QUEUE_retry && story->to != QUEUES)
		result = spool_set_due(spool, story->queue, story->name,
		    story->due, why);
	return result == -1 ? -1 : 0;
}

/*
 * A refused drop whose receipt was lost: what is still in new/ is refused
 * again by itself.
 */
static int
restore_refused(struct spoold *s, struct organization *org,
    const struct id *id, const struct json *line, struct why *why)
{
	const char *name = json_string(json_get(line, "name"), "");
	const struct dropped of = { name, id,
		json_string(json_get(line, "submitter"), "") };
	char kept[RECEIPT_NAME_MAX];
	struct statx stat;
	struct why reason;

	receipt_name(name, id, kept);
	if (spool_stat(org->spool, QUEUE_failed, kept, &stat, why) != 1 ||
	    !S_ISREG(stat.stx_mode) || stat.stx_nlink != 1 ||
	    (spool_stat(org->spool, QUEUE_receipts, kept, &stat, why) == 1 &&
	    stat.stx_size != 0))
		return 0;
	(void)why_set(&reason, error_by_name(json_string(json_get(line,
	    "errorCode"), "")), "%s",
	    json_string(json_get(line, "reason"), ""));
	(void)snprintf(reason.path, sizeof(reason.path), "%s",
	    json_string(json_get(line, "path"), ""));
	reason.offset = json_integer(json_get(line, "offset"), -1);
	return receipts_refused(s, org, &of, &reason, why);
}

/* The receipt of a duplicate, if it was lost; its files go by themselves. */
static int
restore_duplicate(struct spoold *s, struct organization *org,
    const struct id *id, const struct json *line, struct why *why)
{
	char name[RECEIPT_NAME_MAX];
	struct facts facts;
	struct id first;
	int result = 0;

	if (id_parse(json_string(json_get(line, "duplicateOf"), ""),
	    &first) == -1)
		return 0;
	if (facts_read(line, &facts, why) == -1)
		return -1;
	facts.id = *id;
	receipt_name(facts.name, id, name);
	if (receipts_kept(org, name) == RECEIPT_STATUSES)
		result = receipts_duplicate(s, org, &facts, &first, why);
	facts_free(&facts);
	return result;
}

/* A job that was tried again to another destination: the ticket for that. */
static int
restore_forwarded(struct stories *stories, struct organization *org,
    const struct id *id, const struct json *line, struct why *why)
{
	struct story *story = story_find(stories, org, id,
	    json_string(json_get(line, "to"), ""));
	struct buf text = { 0 };
	struct facts facts;
	int result;

	if (story == NULL || story->withdrawn || story->purged)
		return 0;
	if (facts_read(line, &facts, why) == -1)
		return -1;
	facts.id = *id;
	admit_line(&text, &facts);
	result = story->found ? restore_content(story, &text, why) :
	    restore_create(story, &text, why);
	buf_free(&text);
	facts_free(&facts);
	return result;
}

static int
restore_line(void *arg, const struct journal_line *line,
    const struct json *json, struct why *why)
{
	struct restore *restore = arg;
	struct organization *org;
	struct story *story;
	struct id id;
	int event;

	if (line->event == EVENT_purged) {
		org = organization_find(restore->spoold,
		    json_string(json_get(json, "org"), ""));
		return org == NULL ? 0 : purge_redo(restore->spoold, org,
		    json, restore->stories, why);
	}
	if (line->event < 0 ||
	    !replay_about(restore->spoold, json, &org, &id))
		return 0;
	if (line->event == EVENT_download)
		return links_redo_download(org, json, why);
	if (line->event == EVENT_refused)
		return restore_refused(restore->spoold, org, &id, json,
		    why);
	if (line->event == EVENT_duplicate)
		return restore_duplicate(restore->spoold, org, &id, json,
		    why);
	if (line->event == EVENT_accepted)
		return restore_accepted(restore->stories, org, &id, json, why);
	if (line->event == EVENT_requeued && json_get(json, "to") != NULL &&
	    restore_forwarded(restore->stories, org, &id, json, why) == -1)
		return -1;
	if (line->event == EVENT_erased)
		return erasure_redo_erased(org, json, why);
	/* Whatever became of its ticket and job since. */
	if (line->event == EVENT_delivered &&
	    erasure_redo_delivered(org, &id, json, why) == -1)
		return -1;
	if (line->event == EVENT_revoked && revoke_redo(org, json, why) == -1)
		return -1;
	event = restore_event(line->event);
	if (event == -1)
		return 0;
	story = story_find(restore->stories, org, &id,
	    json_string(json_get(json, "dest"), ""));
	if (story == NULL || !story->found || story->withdrawn ||
	    story->purged)
		return 0;
	if (restore_outcome(story, event, line->seq, json, why) == -1)
		return -1;
	if (line->event == EVENT_revoked)
		return revoke_redo_ticket(story, json, why);
	return line->event == EVENT_delivered ? links_redo_delivered(
	    restore->spoold, story, json, why) : 0;
}

int
restore_read(struct spoold *s, int64_t up_to, struct stories *stories,
    struct why *why)
{
	struct restore restore = { s, stories };

	return replay_each(s, up_to + 1, restore_line, &restore, why);
}
