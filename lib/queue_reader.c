/*
 * queue_reader - the queue, from the directories
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/queue_reader.h"
#include "lib/refused.h"
#include "lib/show.h"
#include "lib/xalloc.h"

#define QUEUES_OF_TICKETS \
	(QUEUE_BIT(cur) | QUEUE_BIT(retry) | QUEUE_BIT(hold) | \
	QUEUE_BIT(failed))

/*
 * Where the ticket is now: as it was seen, or moved on, perhaps with one
 * attempt more.  Returns 1, 0 if it is nowhere, -1 with *why.
 */
static int
ticket_locate(const struct queue_reader *reader, struct selected *item,
    struct statx *stat, struct why *why)
{
	char name[TICKET_NAME_MAX];
	struct ticket ticket = item->ticket;
	int queue, more, found;

	found = spool_stat(reader->spool, item->queue, item->name, stat, why);
	if (found != 0)
		return found;
	for (more = 0; more <= 1; more++) {
		ticket.attempts = item->ticket.attempts + more;
		ticket_format(&ticket, name);
		for (queue = 0; queue < QUEUES; queue++) {
			if ((reader->queues & QUEUES_OF_TICKETS &
			    1u << queue) == 0)
				continue;
			found = spool_stat(reader->spool, (enum queue)queue,
			    name, stat, why);
			if (found == 0)
				continue;
			item->queue = (enum queue)queue;
			item->ticket = ticket;
			free(item->name);
			item->name = xstrdup(name);
			return found;
		}
	}
	return 0;
}

static int
ticket_tell(const struct queue_reader *reader, struct selected *item,
    struct why *why)
{
	struct ticket_file file;
	struct entry entry;
	struct statx stat;
	int found = ticket_locate(reader, item, &stat, why), read;

	if (found != 1)
		return found;
	/* One that a crash left empty is shown by what its name says. */
	read = spool_read_ticket(reader->spool, item->queue, item->name,
	    &file, why);
	entry_of_ticket(&entry, item->queue, &item->ticket, &stat,
	    read == 1 ? &file : NULL);
	found = reader->each(reader->arg, &entry);
	if (read == 1)
		ticket_file_free(&file);
	return found;
}

static int
tickets_tell(const struct queue_reader *reader, struct why *why)
{
	struct selection tickets = { NULL, 0 };
	struct show_progress progress = { .started = 0 };
	unsigned queues = reader->queues & QUEUES_OF_TICKETS;
	int told = queues == 0 ? 0 : select_all(reader->spool,
	    queues | reader->beside, reader->shown, &tickets, why);

	if (reader->before != NULL)
		reader->before(reader->arg, &tickets);
	for (size_t i = 0; i < tickets.count && told == 0; i++) {
		if ((queues & 1u << tickets.items[i].queue) == 0)
			continue;
		if (reader->shown)
			show_progress(&progress, "reading tickets",
			    (int64_t)i);
		told = ticket_tell(reader, &tickets.items[i], why);
	}
	show_progress_end(&progress);
	selection_free(&tickets);
	return told;
}

static int
drop_tell(const struct queue_reader *reader, const char *name,
    struct why *why)
{
	size_t length = strlen(name), end = strlen(".json");
	struct entry entry;
	struct statx stat;
	int found;

	if (length <= end || strcmp(name + length - end, ".json") != 0)
		return 0;
	found = spool_stat(reader->spool, QUEUE_new, name, &stat, why);
	if (found != 1)
		return found;
	entry_of_drop(&entry, spool_organization(reader->spool), name, &stat);
	return reader->each(reader->arg, &entry);
}

static int
refused_tell(const struct queue_reader *reader, const char *name,
    struct why *why)
{
	struct entry entry;
	struct json *error;
	struct statx stat;
	struct id id;
	int found;

	if (!refused_named(name, &id))
		return 0;
	found = spool_stat(reader->spool, QUEUE_failed, name, &stat, why);
	if (found != 1)
		return found;
	error = refused_error(reader->spool, name, why);
	entry_of_refused(&entry, &id, &stat, error);
	if (error == NULL)
		entry.reason = why->text;
	found = reader->each(reader->arg, &entry);
	json_free(&error);
	return found;
}

/* What has no ticket, in one of the queues. */
static int
drops_tell(const struct queue_reader *reader, enum queue queue,
    struct why *why)
{
	struct spool_list *list = spool_list(reader->spool, queue, why);
	const char *name, *day;
	int told = 0;

	if (list == NULL)
		return -1;
	while (told == 0 && (name = spool_list_next(list, &day)) != NULL)
		told = queue == QUEUE_new ? drop_tell(reader, name, why) :
		    refused_tell(reader, name, why);
	spool_list_free(&list);
	return told;
}

int
queue_reader_run(const struct queue_reader *reader, struct why *why)
{
	int told = 0;

	if ((reader->queues & QUEUE_BIT(new)) != 0)
		told = drops_tell(reader, QUEUE_new, why);
	if (told == 0 && (reader->queues & QUEUE_BIT(failed)) != 0)
		told = drops_tell(reader, QUEUE_failed, why);
	return told == 0 ? tickets_tell(reader, why) : told;
}
