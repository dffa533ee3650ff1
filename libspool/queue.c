/*
 * queue - what is in the queue, read from the directories
 */
#include "lib/queue_reader.h"

#include "libspool/client.h"

struct listing {
	const char	*organization;	/* borrowed */
	libspool_row	*each;
	void		*arg;		/* borrowed; its */
	int		 ended;		/* by what `each` returned */
	bool		 failed;	/* by a row that says nothing */
	struct why	 why;
};

static int
entry_tell(void *arg, struct entry *entry)
{
	struct listing *listing = arg;
	struct libspool_result row = { .json = NULL };

	entry_write(&row.text, listing->organization, entry);
	row.json = json_parse(row.text.data, row.text.len,
	    &listing->why);
	if (row.json != NULL)
		listing->ended = listing->each(listing->arg, &row);
	else
		listing->failed = true;
	json_free(&row.json);
	buf_free(&row.text);
	return listing->failed || listing->ended != 0;
}

/* The queues of that name, or (NULL) those that wait; 0: there is none. */
static unsigned
queues_named(const char *name)
{
	unsigned waiting = QUEUE_BIT(new) | QUEUE_BIT(cur) |
	    QUEUE_BIT(retry) | QUEUE_BIT(hold);
	int queue = name == NULL ? -1 : queue_by_name(name);

	if (name == NULL)
		return waiting;
	return queue == -1 ? 0 :
	    (waiting | QUEUE_BIT(failed)) & 1u << (unsigned)queue;
}

int
libspool_queue_list(struct libspool *client, const char *queue,
    libspool_row *each, void *arg, struct libspool_error *error)
{
	struct listing listing = { .each = each, .arg = arg };
	struct queue_reader reader = { .queues = queues_named(queue),
		.each = entry_tell, .arg = &listing };
	struct spool *spool;
	struct why why;
	int told;

	if (client == NULL)
		return -1;
	if (reader.queues == 0) {
		(void)why_set(&why, ERROR_USAGE, "\"%s\" is none of new, cur, "
		    "retry, hold, failed", queue);
		return error_fill(error, &why);
	}
	listing.organization = client_organization(client, &why);
	spool = listing.organization == NULL ? NULL :
	    spool_open(client->conf->top_spool_directory,
	    listing.organization, &why);
	if (spool == NULL)
		return error_fill(error, &why);
	reader.spool = spool;
	told = queue_reader_run(&reader, &why);
	spool_close(&spool);
	if (told == -1)
		return error_fill(error, &why);
	if (listing.failed)
		return error_fill(error, &listing.why);
	return listing.ended;
}
