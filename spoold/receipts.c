/*
 * receipts - writing them
 *
 * A receipt is made from the tickets' files, wherever they are.  Those that
 * wait are in memory, those that finished while others wait are remembered;
 * what is known from neither (spoold was restarted since) is found through the
 * receipt that was written when it finished, and if that is damaged too, by
 * reading the directories.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/instance.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/receipt.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/callback.h"
#include "spoold/commit.h"
#include "spoold/finished.h"
#include "spoold/flight.h"
#include "spoold/links.h"
#include "spoold/organization.h"
#include "spoold/owner.h"
#include "spoold/receipts.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/target.h"

#define RECEIPT_MAX (1024 * 1024)	/* bytes that are read of one */

/* The receipt as it stands, or NULL. */
static struct json *
receipt_read(const struct organization *org, const char *name, struct buf *raw)
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

/* Where the old receipt says that a destination's ticket came to rest. */
static bool
locate_by_receipt(struct organization *org, const struct json *receipt,
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
	if (!locate_by_receipt(org, receipt, &ticket)) {
		locate_by_reading(org, QUEUE_failed, &ticket);
		locate_by_reading(org, QUEUE_done, &ticket);
	}
	return finished_find(org, &facts->id, destination);
}

/* A ticket's file that is known without reading it. */
struct known {
	const char	*destination;
	const struct ticket_file *file;
};

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
		old = receipt_read(org, name, &raw);
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

/* With a `spoold`, whose vault can make them, also with its links. */
static enum receipt_status
receipt_build(const struct spoold *s, struct organization *org,
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

	return receipt_build(NULL, org, facts, NULL, out, &links);
}

/* Whose a receipt is, as far as that is told apart in this instance. */
static bool
receipts_reader(struct spoold *s, const char *submitter, uid_t *uid)
{
	return instance_is_shared(s->conf) &&
	    owner_uid(&s->owner, submitter, uid) && *uid != geteuid();
}

/*
 * For its submitter's eyes.  The file ends with its line; the text stays as it
 * is.
 */
static int
receipts_put(struct spoold *s, struct organization *org,
    const struct dropped *of, struct buf *text, struct why *why)
{
	char name[RECEIPT_NAME_MAX];
	uid_t reader;
	int result;

	receipt_name(of->name, of->id, name);
	buf_char(text, '\n');
	if (receipts_reader(s, of->submitter, &reader))
		result = spool_replace_for(org->spool, QUEUE_receipts, name,
		    text->data, text->len, reader, why);
	else
		result = spool_replace(org->spool, QUEUE_receipts, name,
		    text->data, text->len, why);
	text->data[--text->len] = '\0';
	return result == -1 ? -1 : 0;
}

/*
 * 0, or -1 with *why: the receipt is not written, and nobody told.  Links are
 * for its reader alone, and in no answer and no callback.
 */
static int
receipts_write(struct spoold *s, struct organization *org,
    const struct facts *facts, const struct known *known, struct why *why)
{
	const struct dropped of = { facts->name, &facts->id,
		facts->submitter };
	struct buf text = { 0 }, without = { 0 };
	const struct buf *told = &text;
	enum receipt_status status;
	size_t links, none;
	bool finished;
	int result;

	status = receipt_build(s, org, facts, known, &text, &links);
	if (links > 0) {
		(void)receipt_build(NULL, org, facts, known, &without, &none);
		told = &without;
	}
	finished = receipt_finished(status);
	result = receipts_put(s, org, &of, &text, why);
	if (result == 0 && finished && status != RECEIPT_completed)
		result = keys_release(org, facts, why);
	if (result == 0 && finished)
		result = callback_send(s, org, facts, status, told, why);
	if (result == 0)
		server_tell(s, org, &facts->id, told, finished);
	buf_wipe(&text);
	buf_free(&without);
	if (result == 0 && finished)
		finished_forget(org, &facts->id);
	return result;
}

/* A receipt that could not be written, made anew from what is true by then. */
struct overdue {
	struct organization *organization;
	struct facts	 facts;		/* own */
};

static void
overdue_apply(struct spoold *s, void *arg)
{
	struct overdue *overdue = arg;
	struct why why;

	if (receipts_write(s, overdue->organization, &overdue->facts, NULL,
	    &why) == -1) {
		commit_redo(s, overdue->organization, overdue_apply, overdue,
		    why.text);
		return;
	}
	facts_free(&overdue->facts);
	free(overdue);
}

static void
receipts_renew(struct spoold *s, struct organization *org,
    struct facts *facts, const struct known *known)
{
	struct overdue *overdue;
	struct why why;

	if (receipts_write(s, org, facts, known, &why) == 0)
		return;
	overdue = xcalloc(1, sizeof(*overdue));
	overdue->organization = org;
	overdue->facts = *facts;
	memset(facts, 0, sizeof(*facts));
	commit_redo(s, org, overdue_apply, overdue, why.text);
}

void
receipts_update(struct spoold *s, struct organization *org,
    struct facts *facts)
{
	receipts_renew(s, org, facts, NULL);
}

void
receipts_finish(struct spoold *s, struct organization *org,
    const char *destination, struct ticket_file *file)
{
	struct known known = { destination, file };

	receipts_renew(s, org, &file->facts, &known);
}

enum receipt_status
receipts_kept(const struct organization *org, const char *name)
{
	struct buf raw = { 0 };
	struct json *receipt = receipt_read(org, name, &raw);
	enum receipt_status status = receipt == NULL ? RECEIPT_STATUSES :
	    receipt_status_by_name(json_string(json_get(receipt, "status"),
	    ""));

	json_free(&receipt);
	buf_free(&raw);
	return status;
}

bool
receipts_has_twin(struct organization *org, const struct facts *facts,
    const struct ticket *ticket)
{
	struct ticket twin = *ticket;
	char name[RECEIPT_NAME_MAX];
	struct buf raw = { 0 };
	struct json *receipt;
	struct statx stat;
	struct why why;
	bool found;

	ticket_format(ticket, name);
	if (spool_stat(org->spool, QUEUE_failed, name, &stat, &why) == 1)
		return true;
	receipt_name(facts->name, &facts->id, name);
	receipt = receipt_read(org, name, &raw);
	found = receipt != NULL && locate_by_receipt(org, receipt, &twin);
	json_free(&receipt);
	buf_free(&raw);
	return found;
}

/* The name of a job's receipt, when the dropped name is not known. */
static bool
receipts_find(const struct organization *org, const struct id *id,
    char path[RECEIPT_NAME_MAX])
{
	char ending[ID_LENGTH + sizeof(".json")];
	struct spool_list *list;
	const char *name, *day;
	bool found = false;
	struct why why;

	id_format(id, ending);
	memcpy(ending + ID_LENGTH, ".json", sizeof(".json"));
	list = spool_list(org->spool, QUEUE_receipts, &why);
	while (list != NULL && !found &&
	    (name = spool_list_next(list, &day)) != NULL) {
		size_t length = strlen(name), tail = strlen(ending);

		found = length >= tail && strcmp(name + length - tail,
		    ending) == 0 && (length == tail ||
		    name[length - tail - 1] == '.');
		if (found)
			(void)snprintf(path, RECEIPT_NAME_MAX, "%s", name);
	}
	spool_list_free(&list);
	return found;
}

int
receipts_status(struct organization *org, const struct id *id,
    const char *name, struct buf *out, bool *finished_r, struct why *why)
{
	struct waiting *w = tickets_first(org, id);
	char path[RECEIPT_NAME_MAX];
	struct ticket_file file;
	struct json *receipt;
	int result;

	*finished_r = true;
	if (w != NULL) {
		tickets_name(w, path);
		result = spool_read_ticket(org->spool, (enum queue)w->queue,
		    path, &file, why);
		if (result != 1)
			return result;
		*finished_r = receipt_finished(receipts_build(org,
		    &file.facts, out));
		ticket_file_free(&file);
		return 1;
	}
	if (name != NULL)
		receipt_name(name, id, path);
	else if (!receipts_find(org, id, path))
		return 0;
	receipt = receipt_read(org, path, out);
	if (receipt == NULL)
		return 0;
	if (receipt_hide_links(receipt)) {
		buf_wipe(out);
		json_print(out, receipt);
	}
	json_free(&receipt);
	return 1;
}

/* One that came to rest where its receipt says; its priority it does not say. */
static int
ticket_at_rest(struct organization *org, const struct id *id,
    const struct json *receipt, const char *destination,
    struct ticket_file *file, struct why *why)
{
	struct ticket ticket = { .id = *id };
	const struct finished *finished;

	if (!destination_id_valid(destination))
		return 0;
	memcpy(ticket.destination, destination, strlen(destination) + 1);
	while (!locate_by_receipt(org, receipt, &ticket))
		if (++ticket.priority > PRIORITY_MAX)
			return 0;
	finished = finished_find(org, id, destination);
	return finished == NULL ? 0 : spool_read_ticket(org->spool,
	    finished->queue, finished->name, file, why);
}

int
receipts_ticket(struct organization *org, const struct id *id,
    const char *name, struct ticket_file *file, struct why *why)
{
	const struct waiting *w = tickets_first(org, id);
	const struct json *entry;
	char path[RECEIPT_NAME_MAX];
	struct json *receipt;
	struct buf raw = { 0 };
	int result = 0;

	if (w != NULL) {
		tickets_name(w, path);
		return spool_read_ticket(org->spool, (enum queue)w->queue,
		    path, file, why);
	}
	if (name != NULL)
		receipt_name(name, id, path);
	else if (!receipts_find(org, id, path))
		return 0;
	receipt = receipt_read(org, path, &raw);
	entry = json_first(json_get(receipt, "destinations"));
	for (; entry != NULL && result == 0; entry = json_next(entry))
		result = ticket_at_rest(org, id, receipt, json_string(
		    json_get(entry, "destinationId"), ""), file, why);
	finished_forget(org, id);
	json_free(&receipt);
	buf_wipe(&raw);
	return result;
}

int
receipts_refused(struct spoold *s, struct organization *org,
    const struct dropped *of, const struct why *error, struct why *why)
{
	struct buf text = { 0 };
	int result;

	receipt_write_refused(&text, org->id, of->name, of->id, of->submitter,
	    error, clock_wall());
	result = receipts_put(s, org, of, &text, why);
	buf_free(&text);
	return result;
}

int
receipts_duplicate(struct spoold *s, struct organization *org,
    const struct facts *facts, const struct id *first, struct why *why)
{
	const struct dropped of = { facts->name, &facts->id,
		facts->submitter };
	struct buf text = { 0 };
	int result;

	receipt_write_duplicate(&text, org->id, facts, first, clock_wall());
	result = receipts_put(s, org, &of, &text, why);
	buf_free(&text);
	return result;
}
