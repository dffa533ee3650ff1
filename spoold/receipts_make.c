/*
 * receipts_make - the text of a receipt
 *
 * It is made from the tickets' files, wherever they are.  Those that wait are
 * in memory, those that finished while others wait are remembered; what is
 * known from neither (spoold was restarted since) is found through the receipt
 * that was written when it finished, and if that is damaged too, by reading the
 * directories.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/receipt.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/finished.h"
#include "spoold/flight.h"
#include "spoold/links.h"
#include "spoold/organization.h"
#include "spoold/receipts.h"
#include "spoold/receipts_make.h"
#include "spoold/spoold.h"

#define RECEIPT_MAX (1024 * 1024)	/* bytes that are read of one */

struct json *
receipts_read(const struct organization *org, const char *name, struct buf *raw)
{
	struct why why;
	char chunk[4096];
	ssize_t got;
	int fd;

	fd = spool_open_file(org->spool, QUEUE_receipts, name, &why);
	if (fd == -1)
		return NULL;
	raw->max = RECEIPT_MAX;
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(raw, chunk, (size_t)got);
	close(fd);
	if (got == -1 || raw->overflow || raw->len == 0)
		return NULL;
	/* What follows may be part of an answer, which is one line. */
	if (raw->data[raw->len - 1] == '\n')
		raw->data[--raw->len] = '\0';
	return json_parse(raw->data, raw->len, &why);
}

bool
receipts_locate(struct organization *org, const struct json *receipt,
    struct ticket *ticket)
{
	char name[TICKET_NAME_MAX], path[TICKET_NAME_MAX + CLOCK_DAY];
	const struct json *entry;
	const char *delivered;
	enum queue queue;
	struct statx stat;
	struct why why;

	entry = json_first(json_get(receipt, "destinations"));
	while (entry != NULL && strcmp(json_string(json_get(entry,
	    "destinationId"), ""), ticket->destination) != 0)
		entry = json_next(entry);
	if (entry == NULL)
		return false;
	ticket->attempts = (int)json_integer(json_get(entry, "attempts"), 0);
	ticket_format(ticket, name);
	delivered = json_string(json_get(entry, "deliveredAt"), NULL);
	queue = delivered != NULL ? QUEUE_done : QUEUE_failed;
	(void)snprintf(path, sizeof(path), "%.10s%s%s",
	    delivered != NULL ? delivered : "", delivered != NULL ? "/" : "",
	    name);
	if (spool_stat(org->spool, queue, path, &stat, &why) != 1)
		return false;
	finished_add(org, ticket, queue, path);
	return true;
}

/* The same by reading the directories: after a crash only. */
static void
locate_by_reading(struct organization *org, enum queue queue,
    const struct ticket *wanted)
{
	char path[TICKET_NAME_MAX + CLOCK_DAY];
	struct spool_list *list;
	const char *name, *day;
	struct ticket ticket;
	struct why why;

	list = spool_list(org->spool, queue, &why);
	while (list != NULL && (name = spool_list_next(list, &day)) != NULL) {
		if (ticket_parse(name, &ticket) == -1 ||
		    id_compare(&ticket.id, &wanted->id) != 0 ||
		    strcmp(ticket.destination, wanted->destination) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s%s%s", day,
		    day[0] != '\0' ? "/" : "", name);
		finished_add(org, &ticket, queue, path);
		break;
	}
	spool_list_free(&list);
}

static const struct finished *
locate(struct organization *org, const struct facts *facts,
    const struct json *receipt, const char *destination)
{
	const struct finished *finished;
	struct ticket ticket = { .id = facts->id,
	    .priority = facts->job.priority };

	finished = finished_find(org, &facts->id, destination);
	if (finished != NULL || !destination_id_valid(destination))
		return finished;
	memcpy(ticket.destination, destination, strlen(destination) + 1);
	if (!receipts_locate(org, receipt, &ticket)) {
		locate_by_reading(org, QUEUE_failed, &ticket);
		locate_by_reading(org, QUEUE_done, &ticket);
	}
	return finished_find(org, &facts->id, destination);
}

/*
 * One destination's ticket and its file, read into `file` where it is not
 * known.  False if there is none.
 */
static bool
receipt_ticket(struct organization *org, const struct facts *facts,
    const struct json *old, const struct known *known,
    const char *destination, struct receipt_ticket *ticket,
    struct ticket_file *file)
{
	const struct finished *finished;
	char name[TICKET_NAME_MAX];
	const char *path = name;
	struct waiting *w;
	struct why why;

	w = tickets_find(org, &facts->id, destination);
	if (w != NULL) {
		tickets_ticket(w, &ticket->ticket);
		tickets_name(w, name);
		ticket->queue = (enum queue)w->queue;
		ticket->in_flight = w->flight != NULL;
		ticket->due = w->queue == QUEUE_retry ?
		    tickets_wall(w->due) : 0;
	} else {
		finished = locate(org, facts, old, destination);
		if (finished == NULL)
			return false;
		ticket->ticket = finished->ticket;
		ticket->queue = finished->queue;
		path = finished->name;
	}
	if (known != NULL && strcmp(destination, known->destination) == 0) {
		ticket->file = known->file;
		return true;
	}
	ticket->file = file;
	return spool_read_ticket(org->spool, ticket->queue, path, file,
	    &why) == 1;
}

/*
 * The destinations of a receipt: those of the job, and where an operator sent
 * it instead, as the tickets' files say.
 */
struct names {
	const char	**items;	/* own; items borrowed, but copies */
	size_t		  count;
	char		**copies;	/* own */
	size_t		  copy_count;
	const struct spoold *spoold;	/* borrowed; NULL: without links */
	size_t		  links;	/* that are in the receipt */
};

static bool
names_have(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], name) == 0)
			return true;
	return false;
}

/* Adds where that ticket was sent instead; true if that is new. */
static bool
names_add(struct names *names, const struct ticket_file *file)
{
	size_t before = names->count;

	for (size_t i = 0; i < file->line_count; i++) {
		const char *to = file->lines[i].to;

		if (to == NULL || names_have(names, to))
			continue;
		names->copies = xreallocarray(names->copies,
		    names->copy_count + 1, sizeof(*names->copies));
		names->copies[names->copy_count] = xstrdup(to);
		names->items = xreallocarray(names->items, names->count + 1,
		    sizeof(*names->items));
		names->items[names->count++] =
		    names->copies[names->copy_count++];
	}
	return names->count > before;
}

static void
names_free(struct names *names)
{
	for (size_t i = 0; i < names->copy_count; i++)
		free(names->copies[i]);
	free(names->copies);
	free(names->items);
}

/* Gives the tickets their links, which stay while it is written. */
static void
links_put(struct organization *org, struct names *names,
    struct receipt_ticket *tickets, size_t count)
{
	for (size_t i = 0; names->spoold != NULL && i < count; i++) {
		tickets[i].link = links_text(names->spoold, org, &tickets[i]);
		names->links += tickets[i].link != NULL;
	}
}

static void
links_wipe(struct receipt_ticket *tickets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (tickets[i].link != NULL)
			freezero((char *)(uintptr_t)tickets[i].link,
			    strlen(tickets[i].link));
}

/*
 * The receipt of these destinations.  RECEIPT_STATUSES, with nothing in `out`,
 * if there are more than that: they are in `names` now.
 */
static enum receipt_status
receipt_of(struct organization *org, const struct facts *facts,
    const struct known *known, struct names *names, struct buf *out)
{
	size_t count = names->count, found = 0;
	bool more = false;
	struct receipt_ticket *tickets = xcalloc(count, sizeof(*tickets));
	struct ticket_file *files = xcalloc(count, sizeof(*files));
	char name[RECEIPT_NAME_MAX];
	struct json *old = NULL;
	struct buf raw = { 0 };
	enum receipt_status status;

	if (count > 1) {
		receipt_name(facts->name, &facts->id, name);
		old = receipts_read(org, name, &raw);
	}
	for (size_t i = 0; i < count; i++)
		if (receipt_ticket(org, facts, old, known,
		    names->items[i], &tickets[found], &files[found]))
			found++;
	for (size_t i = 0; i < found; i++)
		more = names_add(names, tickets[i].file) || more;
	if (!more)
		links_put(org, names, tickets, found);
	status = more ? RECEIPT_STATUSES :
	    receipt_write(out, org->id, tickets, found, clock_wall());
	links_wipe(tickets, found);
	for (size_t i = 0; i < found; i++)
		ticket_file_free(&files[i]);
	json_free(&old);
	buf_free(&raw);
	free(files);
	free(tickets);
	return status;
}

enum receipt_status
receipts_make(const struct spoold *s, struct organization *org,
    const struct facts *facts, const struct known *known, struct buf *out,
    size_t *links_r)
{
	struct names names = { .count = facts->job.destination_count,
	    .spoold = s };
	enum receipt_status status = RECEIPT_STATUSES;

	names.items = xcalloc(names.count, sizeof(*names.items));
	for (size_t i = 0; i < names.count; i++)
		names.items[i] = facts->job.destinations[i];
	while (status == RECEIPT_STATUSES)
		status = receipt_of(org, facts, known, &names, out);
	names_free(&names);
	*links_r = names.links;
	return status;
}

enum receipt_status
receipts_build(struct organization *org, const struct facts *facts,
    struct buf *out)
{
	size_t links;

	return receipts_make(NULL, org, facts, NULL, out, &links);
}

