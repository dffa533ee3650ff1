/*
 * replay - what the journal says of each ticket since the last checkpoint
 *
 * Events are rows of one table: where each puts its ticket.  The journal is
 * spoold's own, its chain is verified; what it holds is believed.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#include "lib/receipt.h"

#include "spoold/organization.h"
#include "spoold/purge.h"
#include "spoold/replay.h"
#include "spoold/spoold.h"

#define BAD_LINES_MAX 1000

enum effect {
	EFFECT_NONE,
	EFFECT_ACCEPTED,	/* its tickets come to be */
	EFFECT_ATTEMPT,		/* an attempt begins */
	EFFECT_OUTCOME,		/* it ends, and puts the ticket somewhere */
	EFFECT_MOVE,		/* an operator or the clock put it somewhere */
	EFFECT_LINE,		/* its file gets a line, no more */
	EFFECT_WITHDRAWN
};

static const struct {
	enum effect	 effect;
	enum queue	 to;
	bool		 wins;		/* where the count does not change */
	bool		 ends;
} effects[EVENTS] = {
	[EVENT_accepted] = { EFFECT_ACCEPTED, QUEUE_cur, false, false },
	[EVENT_attempt] = { EFFECT_ATTEMPT, QUEUE_cur, false, false },
	[EVENT_delivered] = { EFFECT_OUTCOME, QUEUE_done, true, true },
	[EVENT_deferred] = { EFFECT_OUTCOME, QUEUE_retry, false, false },
	[EVENT_maybe] = { EFFECT_OUTCOME, QUEUE_retry, false, false },
	[EVENT_failed] = { EFFECT_OUTCOME, QUEUE_failed, true, true },
	[EVENT_held] = { EFFECT_MOVE, QUEUE_hold, true, false },
	[EVENT_released] = { EFFECT_MOVE, QUEUE_cur, false, false },
	[EVENT_requeued] = { EFFECT_MOVE, QUEUE_cur, true, true },
	[EVENT_cancelled] = { EFFECT_MOVE, QUEUE_failed, true, true },
	[EVENT_expired] = { EFFECT_MOVE, QUEUE_failed, true, true },
	[EVENT_revoked] = { EFFECT_LINE, QUEUES, false, true },
	[EVENT_withdrawn] = { EFFECT_WITHDRAWN, QUEUE_new, false, false },
};

struct replay {
	struct spoold	*spoold;	/* borrowed */
	struct stories	*stories;	/* borrowed */
	int64_t		 checkpoint;
};

static int
story_compare(const struct story *a, const struct story *b)
{
	int order = strcmp(a->organization->id, b->organization->id);

	if (order == 0)
		order = id_compare(&a->ticket.id, &b->ticket.id);
	return order != 0 ? order :
	    strcmp(a->ticket.destination, b->ticket.destination);
}

RB_GENERATE(stories, story, entry, story_compare)

static bool
story_key(struct story *key, const struct organization *org,
    const struct id *id, const char *destination)
{
	memset(key, 0, sizeof(*key));
	key->organization = (struct organization *)(uintptr_t)org;
	key->ticket.id = *id;
	return snprintf(key->ticket.destination,
	    sizeof(key->ticket.destination), "%s", destination) <
	    (int)sizeof(key->ticket.destination);
}

struct story *
story_find(struct stories *stories, const struct organization *org,
    const struct id *id, const char *destination)
{
	struct story key;

	return story_key(&key, org, id, destination) ?
	    RB_FIND(stories, stories, &key) : NULL;
}

static struct story *
story_get(struct stories *stories, struct organization *org,
    const struct id *id, const char *destination)
{
	struct story *story = story_find(stories, org, id, destination);

	if (story != NULL)
		return story;
	story = xcalloc(1, sizeof(*story));
	if (!story_key(story, org, id, destination)) {
		free(story);
		return NULL;
	}
	story->to = QUEUES;	/* nothing is said yet */
	RB_INSERT(stories, stories, story);
	return story;
}

void
stories_free(struct stories *stories)
{
	struct story *story;

	while ((story = RB_MIN(stories, stories)) != NULL) {
		RB_REMOVE(stories, stories, story);
		free(story->name);
		free(story);
	}
}

/* The first of a job's stories, or NULL; the next one of the same job. */
static struct story *
story_first(struct stories *stories, const struct organization *org,
    const struct id *id)
{
	struct story *story, key;

	if (!story_key(&key, org, id, ""))
		return NULL;
	story = RB_NFIND(stories, stories, &key);
	return story != NULL && story->organization == org &&
	    id_compare(&story->ticket.id, id) == 0 ? story : NULL;
}

static struct story *
story_next(struct story *story)
{
	struct story *next = RB_NEXT(stories, NULL, story);

	return next != NULL && next->organization == story->organization &&
	    id_compare(&next->ticket.id, &story->ticket.id) == 0 ? next : NULL;
}

void
stories_moved(struct stories *stories, const struct organization *org,
    const struct id *id, int64_t changed)
{
	struct story *story = story_first(stories, org, id);

	for (; story != NULL; story = story_next(story))
		story->changed = changed;
}

bool
stories_live(struct stories *stories, const struct organization *org,
    const struct id *id)
{
	struct story *story = story_first(stories, org, id);

	while (story != NULL && story->purged)
		story = story_next(story);
	return story != NULL;
}

bool
stories_delivered(struct stories *stories, const struct organization *org,
    const struct id *id)
{
	struct story *story = story_first(stories, org, id);

	while (story != NULL && story->to == QUEUE_done)
		story = story_next(story);
	return story == NULL;
}

static int64_t
line_time(const struct json *line, const char *name)
{
	int64_t ms;

	return clock_parse(json_string(json_get(line, name), ""), &ms) == 0 ?
	    ms : 0;
}

/* `accepted` and `withdrawn` are about all tickets of a job. */
static void
replay_job(struct stories *stories, struct organization *org,
    const struct id *id, const struct json *line, bool withdrawn)
{
	const struct json *ticket = json_first(json_get(line, "tickets"));
	struct story *story;

	for (; ticket != NULL; ticket = json_next(ticket)) {
		story = story_get(stories, org, id,
		    json_string(json_get(ticket, "dest"), ""));
		if (story == NULL)
			continue;
		story->ticket.priority =
		    (int)json_integer(json_get(line, "priority"), 5);
		story->due = line_time(ticket, "due");
		story->to = story->due != 0 ? QUEUE_retry : QUEUE_cur;
	}
	story = withdrawn ? story_first(stories, org, id) : NULL;
	for (; story != NULL; story = story_next(story))
		story->withdrawn = true;
}

/* Nothing of a purged job comes back, nor a receipt that was purged. */
static void
replay_purged(struct stories *stories, const struct organization *org,
    const struct json *line)
{
	const struct json *job = json_first(json_get(line, "jobs"));
	const struct json *name = json_first(json_get(line, "names"));
	struct story *story;
	struct id id;

	for (; job != NULL; job = json_next(job)) {
		if (id_parse(json_string(json_get(job, "job"), ""), &id) == -1)
			continue;
		for (story = story_first(stories, org, &id); story != NULL;
		    story = story_next(story)) {
			story->purged = true;
			story->attempt_seq = 0;
		}
	}
	if (strcmp(json_string(json_get(line, "kind"), ""),
	    purge_name(PURGE_receipts)) != 0)
		return;
	for (; name != NULL; name = json_next(name))
		if (receipt_id(json_string(name, ""), &id) == 0)
			for (story = story_first(stories, org, &id);
			    story != NULL; story = story_next(story))
				story->ended = false;
}

/*
 * One that was tried again to another destination: the old ticket stays, the
 * new one begins.
 */
static void
replay_forward(struct stories *stories, struct organization *org,
    const struct id *id, const struct json *line)
{
	struct story *from = story_get(stories, org, id,
	    json_string(json_get(line, "dest"), ""));
	struct story *to = story_get(stories, org, id,
	    json_string(json_get(line, "to"), ""));

	if (from != NULL)
		from->ended = true;
	if (to == NULL)
		return;
	to->ticket.priority =
	    (int)json_integer(json_get(line, "priority"), 5);
	to->ticket.attempts = 0;
	to->to = QUEUE_cur;
	to->ended = true;
}

static void
replay_ticket(struct story *story, enum event event, int64_t seq,
    const struct json *line)
{
	int attempts = (int)json_integer(json_get(line, "attempts"),
	    story->ticket.attempts);

	story->purged = false;
	story->requeued = story->requeued || event == EVENT_requeued;
	switch (effects[event].effect) {
	case EFFECT_ATTEMPT:
		story->attempt_seq = seq;
		story->attempt =
		    (int)json_integer(json_get(line, "attempt"), 1);
		if (story->to == QUEUES) {
			story->to = QUEUE_cur;
			story->ticket.attempts = story->attempt - 1;
		}
		return;
	case EFFECT_OUTCOME:
		story->attempt_seq = 0;
		story->due = line_time(line, "due");
		/* A deferred attempt leaves a held ticket where it is. */
		if (!effects[event].wins && story->wins &&
		    (story->to == QUEUE_hold || story->to == QUEUE_failed)) {
			story->ticket.attempts = attempts;
			return;
		}
		break;
	case EFFECT_LINE:
		story->ended = true;
		return;
	default:
		break;
	}
	story->ticket.attempts = attempts;
	story->to = effects[event].to;
	/* Where the count changed, it tells whether this was carried out. */
	story->wins = effects[event].wins && json_get(line, "attempt") == NULL;
	story->ended = story->ended || effects[event].ends;
}

bool
replay_about(const struct spoold *s, const struct json *line,
    struct organization **org_r, struct id *id_r)
{
	*org_r = organization_find(s, json_string(json_get(line, "org"), ""));
	return *org_r != NULL &&
	    id_parse(json_string(json_get(line, "job"), ""), id_r) == 0;
}

static void
replay_line(struct replay *replay, int event, int64_t seq,
    const struct json *line)
{
	struct organization *org;
	struct story *story;
	struct id id;

	if (event == EVENT_purged) {
		org = organization_find(replay->spoold,
		    json_string(json_get(line, "org"), ""));
		if (org != NULL)
			replay_purged(replay->stories, org, line);
		return;
	}
	if (event < 0 || effects[event].effect == EFFECT_NONE ||
	    !replay_about(replay->spoold, line, &org, &id))
		return;
	if (effects[event].effect == EFFECT_ACCEPTED ||
	    effects[event].effect == EFFECT_WITHDRAWN) {
		replay_job(replay->stories, org, &id, line,
		    effects[event].effect == EFFECT_WITHDRAWN);
		return;
	}
	if (event == EVENT_requeued && json_get(line, "to") != NULL) {
		replay_forward(replay->stories, org, &id, line);
		return;
	}
	story = story_get(replay->stories, org, &id,
	    json_string(json_get(line, "dest"), ""));
	if (story != NULL)
		replay_ticket(story, (enum event)event, seq, line);
}

/* What the checkpoint says was in flight: attempts, to begin with. */
static void
replay_in_flight(struct replay *replay, const struct json *line)
{
	const struct json *attempt = json_first(json_get(line, "inFlight"));

	for (; attempt != NULL; attempt = json_next(attempt))
		replay_line(replay, EVENT_attempt,
		    json_integer(json_get(attempt, "seq"), 0), attempt);
}

/*
 * The checkpoint's own line stands after the first of the lines that it does
 * not cover; what it left in flight may have ended in those.
 */
static int
replay_checkpoint(void *arg, const struct journal_line *line,
    const struct json *json, struct why *why)
{
	struct replay *replay = arg;

	(void)why;
	if (line->seq == replay->checkpoint)
		replay_in_flight(replay, json);
	return 0;
}

static int
replay_after(void *arg, const struct journal_line *line,
    const struct json *json, struct why *why)
{
	(void)why;
	replay_line(arg, line->event, line->seq, json);
	return 0;
}

int
replay_each(const struct spoold *s, int64_t from, replay_take *take,
    void *arg, struct why *why)
{
	char *directory = xasprintf("%s/journal", s->conf->top_log_directory);
	struct journal_reader *reader;
	struct journal_line line;
	struct json *json;
	int result = 0, got, bad = 0;

	reader = journal_reader_open(directory, from, why);
	free(directory);
	if (reader == NULL)
		return -1;
	while (result == 0 && bad < BAD_LINES_MAX &&
	    (got = journal_reader_next(reader, &line, why)) != 0) {
		json = got == 1 ?
		    json_parse(line.text, line.length, why) : NULL;
		if (json == NULL) {
			log_error("journal: %s", why->text);
			bad++;
			continue;
		}
		result = take(arg, &line, json, why);
		json_free(&json);
	}
	journal_reader_close(&reader);
	return result;
}

int
replay_read(struct spoold *s, int64_t checkpoint, int64_t up_to,
    struct stories *stories, struct why *why)
{
	struct replay replay = { s, stories, checkpoint };

	if (checkpoint != 0 &&
	    replay_each(s, checkpoint, replay_checkpoint, &replay, why) == -1)
		return -1;
	return replay_each(s, up_to + 1, replay_after, &replay, why);
}
