/*
 * orphans - jobs that have no ticket anywhere, and tickets that are empty
 *
 * Somebody removed the tickets of a job by hand, or a disk lost them or what
 * is in them.  The journal's `accepted` line says what they were; they come
 * back in hold/, for a person to look at.  Tickets that cannot be read are
 * there already.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/admit.h"
#include "spoold/alert.h"
#include "spoold/organization.h"
#include "spoold/orphans.h"
#include "spoold/replay.h"
#include "spoold/spoold.h"

struct ids {
	struct id	*items;		/* own; sorted once complete */
	size_t		 count, room;
};

struct orphans {
	struct spoold	*spoold;	/* borrowed */
	struct organization *organization;	/* borrowed */
	struct ids	 ids;		/* of jobs without a ticket */
	struct ids	 empty;		/* of jobs with an empty one in hold/ */
	size_t		 restored;
};

static void
ids_add(struct ids *ids, const struct id *id)
{
	if (ids->count == ids->room) {
		ids->room = ids->room == 0 ? 1024 : ids->room * 2;
		ids->items = xreallocarray(ids->items, ids->room,
		    sizeof(*ids->items));
	}
	ids->items[ids->count++] = *id;
}

static int
ids_compare(const void *a, const void *b)
{
	return id_compare(a, b);
}

static void
ids_sort(struct ids *ids)
{
	if (ids->count != 0)
		qsort(ids->items, ids->count, sizeof(*ids->items),
		    ids_compare);
}

static bool
ids_have(const struct ids *ids, const struct id *id)
{
	return ids->count != 0 && bsearch(id, ids->items, ids->count,
	    sizeof(*ids->items), ids_compare) != NULL;
}

/* Adds the ids of the names in a queue: of tickets, or of jobs. */
static int
ids_read(const struct organization *org, enum queue queue, struct ids *ids,
    struct why *why)
{
	struct spool_list *list = spool_list(org->spool, queue, why);
	const char *name, *day;
	struct ticket ticket;
	struct id id;

	if (list == NULL)
		return -1;
	while ((name = spool_list_next(list, &day)) != NULL)
		if (queue == QUEUE_jobs ? id_parse(name, &id) == 0 &&
		    strcmp(name + ID_LENGTH, ".json") == 0 :
		    ticket_parse(name, &ticket) == 0)
			ids_add(ids, queue == QUEUE_jobs ? &id : &ticket.id);
	spool_list_free(&list);
	return 0;
}

/* The jobs of an organization that have no ticket. */
static int
orphans_find(struct organization *org, struct ids *orphans, struct why *why)
{
	struct ids rested = { 0 }, jobs = { 0 };
	size_t done = 0, failed = 0;
	int result = -1;

	if (ids_read(org, QUEUE_jobs, &jobs, why) == -1 ||
	    ids_read(org, QUEUE_done, &rested, why) == -1)
		goto out;
	done = rested.count;
	if (ids_read(org, QUEUE_failed, &rested, why) == -1)
		goto out;
	failed = rested.count - done;
	/* Memory holds no more than queue.active_limit of the waiting ones. */
	if (ids_read(org, QUEUE_cur, &rested, why) == -1 ||
	    ids_read(org, QUEUE_retry, &rested, why) == -1 ||
	    ids_read(org, QUEUE_hold, &rested, why) == -1)
		goto out;
	ids_sort(&rested);
	org->failed = (int64_t)failed;
	org->delivered = (int64_t)done;
	for (size_t i = 0; i < jobs.count; i++)
		if (!ids_have(&rested, &jobs.items[i]))
			ids_add(orphans, &jobs.items[i]);
	ids_sort(orphans);
	result = 0;
out:
	free(rested.items);
	free(jobs.items);
	return result;
}

/* The jobs of the empty tickets in hold/. */
static int
orphans_find_empty(const struct organization *org, struct ids *ids,
    struct why *why)
{
	struct spool_list *list = spool_list(org->spool, QUEUE_hold, why);
	const char *name, *day;
	struct ticket ticket;
	struct statx stat;

	if (list == NULL)
		return -1;
	while ((name = spool_list_next(list, &day)) != NULL)
		if (ticket_parse(name, &ticket) == 0 && spool_stat(org->spool,
		    QUEUE_hold, name, &stat, why) == 1 && stat.stx_size == 0)
			ids_add(ids, &ticket.id);
	spool_list_free(&list);
	ids_sort(ids);
	return 0;
}

/* Writes the empty tickets of a job anew, in hold/. */
static int
orphans_fill(struct orphans *orphans, const struct facts *facts,
    struct why *why)
{
	struct organization *org = orphans->organization;
	char name[TICKET_NAME_MAX];
	struct buf text = { 0 };
	struct statx stat;
	struct waiting *w;
	int result = 0;

	admit_line(&text, facts);
	for (size_t i = 0; i < facts->job.destination_count &&
	    result != -1; i++) {
		w = tickets_find(org, &facts->id, facts->job.destinations[i]);
		if (w == NULL || w->queue != QUEUE_hold)
			continue;
		tickets_name(w, name);
		if (spool_stat(org->spool, QUEUE_hold, name, &stat,
		    why) == 1 && stat.stx_size == 0)
			result = spool_replace(org->spool, QUEUE_hold, name,
			    text.data, text.len, why);
	}
	buf_free(&text);
	return result == -1 ? -1 : 0;
}

static int
orphans_create(struct orphans *orphans, const struct facts *facts,
    struct why *why)
{
	struct organization *org = orphans->organization;
	struct ticket ticket;

	if (admit_tickets(org, facts, QUEUE_hold, why) == -1)
		return -1;
	for (size_t i = 0; i < facts->job.destination_count; i++) {
		admit_ticket(facts, i, &ticket);
		(void)tickets_add(orphans->spoold, org, &ticket, QUEUE_hold,
		    0);
	}
	return 0;
}

static int
orphans_line(void *arg, const struct journal_line *line,
    const struct json *json, struct why *why)
{
	struct orphans *orphans = arg;
	struct organization *org;
	bool orphan, empty;
	struct facts facts;
	struct id id;
	int result;

	if (line->event != EVENT_accepted ||
	    !replay_about(orphans->spoold, json, &org, &id) ||
	    org != orphans->organization)
		return 0;
	orphan = ids_have(&orphans->ids, &id);
	empty = ids_have(&orphans->empty, &id);
	if (!orphan && !empty)
		return 0;
	if (facts_read(json, &facts, why) == -1)
		return -1;
	facts.id = id;
	result = orphan ? orphans_create(orphans, &facts, why) :
	    orphans_fill(orphans, &facts, why);
	facts_free(&facts);
	orphans->restored += orphan;
	return result;
}

int
orphans_restore(struct spoold *s, struct why *why)
{
	struct organization *org;
	int result = 0;

	TAILQ_FOREACH(org, &s->organizations, entry) {
		struct orphans orphans = { .spoold = s, .organization = org };

		result = orphans_find(org, &orphans.ids, why);
		if (result == 0)
			result = orphans_find_empty(org, &orphans.empty, why);
		if (result == 0 &&
		    orphans.ids.count + orphans.empty.count != 0)
			result = replay_each(s, 1, orphans_line, &orphans,
			    why);
		if (orphans.ids.count != 0)
			alert_begin(s, ALERT_lost, "%zu job%s of %s had "
			    "no ticket; %zu of these got theirs back, in hold/",
			    orphans.ids.count,
			    orphans.ids.count == 1 ? "" : "s", org->id,
			    orphans.restored);
		free(orphans.ids.items);
		free(orphans.empty.items);
		if (result == -1)
			return -1;
	}
	return 0;
}
