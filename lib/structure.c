/*
 * structure - what does not belong where it is in a spool, and mending it
 *
 * First all is read, then mended: what is moved is not met again.  Nothing is
 * removed: what is in the way gets a name with a dot before it, in
 * place, which everything ignores.  A ticket from a wrong place goes to hold/,
 * for a person to look at.  Of several files of one ticket the one with the
 * most attempts stays, since it knows most; of equal ones that which is least
 * likely to be sent again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/published.h"
#include "lib/stored.h"
#include "lib/structure.h"
#include "lib/xalloc.h"

#define SUFFIXES 3
#define PATH_SIZE (TICKET_NAME_MAX + CLOCK_DAY + 1)	/* in done/ */

/* What may be in a directory beside tickets. */
struct shape {
	enum queue	 queue;
	bool		 by_id;		/* the suffix comes right after an id */
	bool		 records;	/* of what was stored, lib/stored.h */
	const char	*suffixes[SUFFIXES];
	const char	*what;
};

/* Tickets move towards cur/ and on: in this order none is missed. */
static const struct shape shapes[] = {
	{ QUEUE_jobs, true, false, { ".json", ".data", ".legal" },
	    "no job's file" },
	{ QUEUE_receipts, false, false, { ".json" }, "no receipt" },
	/* Drops of a spool that was restored wait there. */
	{ QUEUE_hold, false, false, { ".json" }, "no ticket" },
	{ QUEUE_retry, false, false, { NULL }, "no ticket" },
	{ QUEUE_cur, false, false, { NULL }, "no ticket" },
	{ QUEUE_failed, false, false, { ".json", ".json.error" },
	    "no ticket" },
	{ QUEUE_done, false, false, { NULL }, "no ticket" },
	{ QUEUE_stored, false, true, { NULL },
	    "no record of what was stored" },
};
#define SHAPES (sizeof(shapes) / sizeof(*shapes))

struct place {
	struct ticket	 ticket;
	enum queue	 queue;
	char		*name;		/* own; in done/ with its day */
	bool		 second;	/* another file is the ticket */
};

struct structure {
	const struct spool *spool;	/* borrowed */
	enum structure_mode mode;
	structure_found	*found;
	void		*arg;
	struct place	*places;	/* own: every ticket */
	size_t		 count, room;
	struct id	*jobs;		/* own */
	size_t		 job_count, job_room;
};

/* --- telling and mending -------------------------------------------------- */

static void
path_of(enum queue queue, const char *name, char *out, size_t size)
{
	(void)snprintf(out, size, "%s/%s", queue_name(queue), name);
}

/* Renames it to `.<name>` where it is, if that is wanted and free. */
static bool
put_aside(const struct structure *s, enum queue queue, const char *name)
{
	const char *base = strrchr(name, '/');
	struct why why;
	char *aside;
	bool done;

	if (s->mode != STRUCTURE_MEND)
		return false;
	base = base == NULL ? name : base + 1;
	aside = xasprintf("%.*s.%s", (int)(base - name), name, base);
	done = spool_move(s->spool, queue, name, queue, aside, &why) == 1;
	free(aside);
	return done;
}

static void
found_foreign(const struct structure *s, enum queue queue, const char *name)
{
	struct structure_finding finding = { .kind = STRUCTURE_foreign,
	    .queue = queue, .name = name };

	finding.mended = put_aside(s, queue, name);
	s->found(s->arg, &finding);
}

static void
place_add(struct structure *s, const struct ticket *ticket, enum queue queue,
    const char *name)
{
	if (s->count == s->room) {
		s->room = s->room == 0 ? 1024 : s->room * 2;
		s->places = xreallocarray(s->places, s->room,
		    sizeof(*s->places));
	}
	s->places[s->count++] = (struct place) { .ticket = *ticket,
	    .queue = queue, .name = xstrdup(name) };
}

/* --- reading -------------------------------------------------------------- */

static void
job_add(struct structure *s, const struct id *id)
{
	if (s->job_count == s->job_room) {
		s->job_room = s->job_room == 0 ? 1024 : s->job_room * 2;
		s->jobs = xreallocarray(s->jobs, s->job_room,
		    sizeof(*s->jobs));
	}
	s->jobs[s->job_count++] = *id;
}

static bool
shape_fits(const struct shape *shape, const char *name)
{
	char destination[DESTINATION_ID_MAX + 1];
	size_t length = strlen(name);
	struct id id;

	if (shape->records)
		return stored_parse(name, &id, destination) == 0;
	if (shape->queue == QUEUE_jobs && published_named(name))
		return true;
	if (shape->by_id && id_parse(name, &id) == -1)
		return false;
	for (size_t i = 0; i < SUFFIXES && shape->suffixes[i] != NULL; i++) {
		size_t suffix = strlen(shape->suffixes[i]);

		if (length > suffix && strcmp(name + length - suffix,
		    shape->suffixes[i]) == 0 &&
		    (!shape->by_id || length == ID_LENGTH + suffix))
			return true;
	}
	return false;
}

/* One name; `day` is where it is within done/, else "". */
static void
take_name(struct structure *s, const struct shape *shape, const char *day,
    const char *name)
{
	enum queue queue = shape->queue;
	char *path = xasprintf("%s%s%s", day, day[0] != '\0' ? "/" : "",
	    name);
	struct ticket ticket;
	struct id id;

	if (ticket_parse(name, &ticket) == 0) {
		place_add(s, &ticket, queue, path);
	} else if (!shape_fits(shape, name)) {
		found_foreign(s, queue, path);
	} else if (queue == QUEUE_jobs && id_parse(name, &id) == 0 &&
	    strcmp(name + ID_LENGTH, ".json") == 0) {
		job_add(s, &id);
	}
	free(path);
}

static int
read_queue(struct structure *s, const struct shape *shape, struct why *why)
{
	struct spool_list *list = spool_list(s->spool, shape->queue, why);
	const char *name, *day;
	int result = 0;

	if (list == NULL)
		return -1;
	while ((name = spool_list_next(list, &day)) != NULL)
		take_name(s, shape, day, name);
	if (spool_list_failed(list))
		result = why_set(why, ERROR_UNAVAILABLE,
		    "%s/ cannot be read to its end",
		    queue_name(shape->queue));
	spool_list_free(&list);
	return result;
}

/* --- several files of one ticket ------------------------------------------ */

/* How far from being sent again it is there; -1 where no ticket should be. */
static int
queue_rank(enum queue queue)
{
	static const enum queue order[] = { QUEUE_cur, QUEUE_retry,
	    QUEUE_hold, QUEUE_failed, QUEUE_done };
	int rank = sizeof(order) / sizeof(*order) - 1;

	while (rank >= 0 && order[rank] != queue)
		rank--;
	return rank;
}

static int
ticket_compare(const struct ticket *a, const struct ticket *b)
{
	int result = id_compare(&a->id, &b->id);

	return result != 0 ? result : strcmp(a->destination, b->destination);
}

/* Of one ticket the file that stays first. */
static int
place_compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int result = ticket_compare(&x->ticket, &y->ticket);

	if (result == 0)
		result = y->ticket.attempts - x->ticket.attempts;
	if (result == 0)
		result = queue_rank(y->queue) - queue_rank(x->queue);
	return result != 0 ? result : strcmp(x->name, y->name);
}

static bool
is_there(const struct spool *spool, enum queue queue, const char *name)
{
	struct statx st;
	struct why why;

	return spool_stat(spool, queue, name, &st, &why) == 1;
}

static void
find_duplicates(struct structure *s)
{
	struct place *stays = NULL, *place;

	for (size_t i = 0; i < s->count; i++) {
		struct structure_finding finding = {
		    .kind = STRUCTURE_duplicate };

		place = &s->places[i];
		if (stays == NULL || ticket_compare(&stays->ticket,
		    &place->ticket) != 0) {
			stays = place;
			continue;
		}
		/* Not one that moved while all was read. */
		if (!is_there(s->spool, stays->queue, stays->name) ||
		    !is_there(s->spool, place->queue, place->name))
			continue;
		finding.queue = place->queue;
		finding.name = place->name;
		finding.ticket = place->ticket;
		path_of(stays->queue, stays->name, finding.to,
		    sizeof(finding.to));
		finding.mended = put_aside(s, place->queue, place->name);
		place->second = true;
		s->found(s->arg, &finding);
	}
}

/* --- tickets where there are none ----------------------------------------- */

/* In done/ they are in days. */
static bool
is_misplaced(const struct place *place)
{
	return !queue_holds_tickets(place->queue) ||
	    (place->queue == QUEUE_done && strchr(place->name, '/') == NULL);
}

/* The day in which it came to done/. */
static void
find_day(const struct structure *s, const char *name, char path[PATH_SIZE])
{
	char day[CLOCK_DAY];
	struct statx stat;
	struct why why;
	int64_t when = clock_wall();

	if (spool_stat(s->spool, QUEUE_done, name, &stat, &why) == 1)
		when = (int64_t)stat.stx_mtime.tv_sec * 1000;
	clock_format_day(when, day);
	(void)snprintf(path, PATH_SIZE, "%s/%s", day, name);
}

static void
move_misplaced(const struct structure *s, struct place *place)
{
	struct structure_finding finding = { .kind = STRUCTURE_misplaced,
	    .queue = place->queue, .name = place->name,
	    .ticket = place->ticket };
	enum queue to = place->queue == QUEUE_done ? QUEUE_done : QUEUE_hold;
	char path[PATH_SIZE];
	struct why why;

	(void)snprintf(path, sizeof(path), "%s", place->name);
	if (to == QUEUE_done)
		find_day(s, place->name, path);
	path_of(to, path, finding.to, sizeof(finding.to));
	finding.mended = s->mode == STRUCTURE_MEND && spool_move(s->spool,
	    place->queue, place->name, to, path, &why) == 1;
	s->found(s->arg, &finding);
	if (!finding.mended)
		return;
	free(place->name);
	place->name = xstrdup(path);
	place->queue = to;
}

/* After second files are out of the way. */
static void
find_misplaced(const struct structure *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (is_misplaced(&s->places[i]) && !s->places[i].second)
			move_misplaced(s, &s->places[i]);
}

/* --- one without the other ------------------------------------------------ */

static bool
job_is_there(const struct structure *s, const struct id *id)
{
	char name[ID_LENGTH + sizeof(".json")];

	id_format(id, name);
	memcpy(name + ID_LENGTH, ".json", sizeof(".json"));
	return is_there(s->spool, QUEUE_jobs, name);
}

static void
find_jobless(const struct structure *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct place *place = &s->places[i];
		struct structure_finding finding = {
		    .kind = STRUCTURE_jobless, .queue = place->queue,
		    .name = place->name, .ticket = place->ticket };

		if (place->second ||
		    queue_rank(place->queue) > queue_rank(QUEUE_hold))
			continue;
		/* A job leaves after its tickets. */
		if (!job_is_there(s, &place->ticket.id) &&
		    is_there(s->spool, place->queue, place->name) &&
		    !job_is_there(s, &place->ticket.id))
			s->found(s->arg, &finding);
	}
}

static int
place_compare_id(const void *key, const void *place)
{
	return id_compare(key, &((const struct place *)place)->ticket.id);
}

static void
find_ticketless(const struct structure *s)
{
	char name[ID_LENGTH + sizeof(".json")];

	for (size_t i = 0; i < s->job_count; i++) {
		struct structure_finding finding = {
		    .kind = STRUCTURE_ticketless, .queue = QUEUE_jobs,
		    .name = name };

		if (s->count > 0 && bsearch(&s->jobs[i], s->places, s->count,
		    sizeof(*s->places), place_compare_id) != NULL)
			continue;
		finding.ticket.id = s->jobs[i];
		id_format(&s->jobs[i], name);
		memcpy(name + ID_LENGTH, ".json", sizeof(".json"));
		s->found(s->arg, &finding);
	}
}

/* --- all of it ------------------------------------------------------------ */

int
structure_check(const struct spool *spool, enum structure_mode mode,
    structure_found *found, void *arg, struct why *why)
{
	struct structure s = { .spool = spool, .mode = mode, .found = found,
	    .arg = arg };
	int result = 0;

	for (size_t i = 0; i < SHAPES && result == 0; i++)
		result = read_queue(&s, &shapes[i], why);
	if (s.count > 0)
		qsort(s.places, s.count, sizeof(*s.places), place_compare);
	if (result == 0) {
		find_duplicates(&s);
		find_misplaced(&s);
		find_jobless(&s);
		if (mode != STRUCTURE_LOOK)
			find_ticketless(&s);
	}
	for (size_t i = 0; i < s.count; i++)
		free(s.places[i].name);
	free(s.places);
	free(s.jobs);
	return result;
}

static const char *
shape_what(enum queue queue)
{
	for (size_t i = 0; i < SHAPES; i++)
		if (shapes[i].queue == queue)
			return shapes[i].what;
	return "nothing";
}

void
structure_words(const struct structure_finding *finding, struct buf *out)
{
	const char *base = strrchr(finding->name, '/');

	base = base == NULL ? finding->name : base + 1;
	buf_printf(out, "%s/%s ", queue_name(finding->queue), finding->name);
	switch (finding->kind) {
	case STRUCTURE_foreign:
		buf_printf(out, "is %s, and is ignored",
		    shape_what(finding->queue));
		break;
	case STRUCTURE_misplaced:
		buf_str(out, "is a ticket in a wrong place");
		if (finding->mended)
			buf_printf(out, " (moved to %s)", finding->to);
		return;
	case STRUCTURE_duplicate:
		buf_printf(out, "is a second file of the ticket %s",
		    finding->to);
		break;
	case STRUCTURE_jobless:
		buf_str(out, "has no job in jobs/: it will fail");
		break;
	case STRUCTURE_ticketless:
		buf_str(out, "has no ticket");
		break;
	}
	if (finding->mended)
		buf_printf(out, " (renamed to .%s)", base);
}
