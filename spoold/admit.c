/*
 * admit - carries an `accepted` line out
 *
 * The payload is renamed first, then the tickets are created and the key is
 * taken, last the job is renamed and its inode compared: its owner may have put
 * another file in its place.  Each step can be done again.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/json.h"
#include "lib/spool.h"

#include "spoold/admit.h"
#include "spoold/organization.h"

void
admit_job_name(const struct id *id, const char *ending,
    char out[ID_LENGTH + 8])
{
	id_format(id, out);
	(void)snprintf(out + ID_LENGTH, 8, ".%s", ending);
}

void
admit_line(struct buf *text, const struct facts *facts)
{
	char id[ID_LENGTH + 1];

	id_format(&facts->id, id);
	json_open(text, NULL, '{');
	json_put_string(text, "id", id);
	facts_write(text, facts);
	json_close(text, '}');
	buf_char(text, '\n');
}

enum queue
admit_queue(const struct facts *facts)
{
	return facts->job.deliver_at > facts->accepted_at ?
	    QUEUE_retry : QUEUE_cur;
}

void
admit_ticket(const struct facts *facts, size_t i, struct ticket *ticket)
{
	*ticket = (struct ticket) { .id = facts->id,
	    .priority = facts->job.priority };
	(void)snprintf(ticket->destination, sizeof(ticket->destination), "%s",
	    facts->job.destinations[i]);
}

int
admit_tickets(struct organization *org, const struct facts *facts,
    enum queue queue, struct why *why)
{
	char name[TICKET_NAME_MAX];
	struct buf text = { 0 };
	struct ticket ticket;
	int result = 0;

	admit_line(&text, facts);
	for (size_t i = 0; i < facts->job.destination_count &&
	    result != -1; i++) {
		admit_ticket(facts, i, &ticket);
		ticket_format(&ticket, name);
		result = spool_create(org->spool, queue, name, text.data,
		    text.len, why);
		if (result == 1 && queue == QUEUE_retry)
			result = spool_set_due(org->spool, queue, name,
			    facts->job.deliver_at, why);
	}
	buf_free(&text);
	return result == -1 ? -1 : 0;
}

int
admit_undo(struct organization *org, const struct facts *facts,
    struct why *why)
{
	char name[TICKET_NAME_MAX], data[ID_LENGTH + 8];
	struct ticket ticket;
	int result;

	for (size_t i = 0; i < facts->job.destination_count; i++) {
		admit_ticket(facts, i, &ticket);
		ticket_format(&ticket, name);
		if (spool_remove(org->spool, admit_queue(facts), name,
		    why) == -1)
			return -1;
	}
	if (keys_release(org, facts, why) == -1)
		return -1;
	if (facts->job.file == NULL)
		return 0;
	admit_job_name(&facts->id, "data", data);
	result = spool_move(org->spool, QUEUE_jobs, data, QUEUE_data,
	    facts->job.file, why);
	/* Its owner has put another there: this one goes beside it. */
	if (result == -1 && why->number == EEXIST)
		result = spool_move(org->spool, QUEUE_jobs, data, QUEUE_data,
		    data, why);
	return result == -1 ? -1 : 0;
}

/*
 * 1, or 0 if it was not in data/; what is in jobs/ already stays: it has been
 * done before.
 */
static int
admit_payload(struct organization *org, const struct facts *facts,
    struct why *why)
{
	char data[ID_LENGTH + 8];
	int moved;

	if (facts->job.file == NULL)
		return 0;
	admit_job_name(&facts->id, "data", data);
	moved = spool_move(org->spool, QUEUE_data, facts->job.file,
	    QUEUE_jobs, data, why);
	return moved == -1 && why->number == EEXIST ? 0 : moved;
}

int
admit(struct organization *org, const struct facts *facts, struct why *why)
{
	char job[ID_LENGTH + 8];
	struct statx stat;
	int moved;

	if (admit_payload(org, facts, why) == -1 ||
	    admit_tickets(org, facts, admit_queue(facts), why) == -1 ||
	    keys_write(org, facts, why) == -1)
		return -1;
	admit_job_name(&facts->id, "json", job);
	moved = spool_move(org->spool, QUEUE_new, facts->name, QUEUE_jobs,
	    job, why);
	if (moved == -1)
		return why->number == EEXIST ? 1 : -1;
	if (spool_stat(org->spool, QUEUE_jobs, job, &stat, why) == 1) {
		if (stat.stx_ino == facts->inode)
			return 1;
		/* Another file has taken the name since: it goes back. */
		if (moved == 1 && spool_move(org->spool, QUEUE_jobs, job,
		    QUEUE_new, facts->name, why) == -1)
			return -1;
	}
	return admit_undo(org, facts, why);
}

static int64_t
changed_at(const struct statx *stat)
{
	return stat->stx_ctime.tv_sec * 1000000000 + stat->stx_ctime.tv_nsec;
}

/* The payload's move.  0, or -1 with *why. */
static int
admit_move_payload(struct organization *org, const struct facts *facts,
    int64_t *changed, struct why *why)
{
	struct statx stat = { 0 };
	int moved;

	if (facts->job.file == NULL)
		return 0;
	if (spool_stat(org->spool, QUEUE_data, facts->job.file, &stat,
	    why) == -1)
		return -1;
	moved = admit_payload(org, facts, why);
	if (moved == 1)
		*changed = changed_at(&stat);
	return moved == -1 ? -1 : 0;
}

int
admit_move(struct organization *org, const struct facts *facts,
    int64_t *changed, struct why *why)
{
	char job[ID_LENGTH + 8];
	struct statx stat;
	struct id id;
	int result;

	*changed = 0;
	if (admit_move_payload(org, facts, changed, why) == -1 ||
	    keys_write(org, facts, why) == -1)
		return -1;
	admit_job_name(&facts->id, "json", job);
	result = spool_stat(org->spool, QUEUE_jobs, job, &stat, why);
	if (result != 0)
		return result;
	result = spool_stat(org->spool, QUEUE_new, facts->name, &stat, why);
	if (result != 1)
		return result;
	id_make(org->id, facts->name, &stat, &id);
	if (id_compare(&id, &facts->id) != 0)
		return 0;
	result = spool_move(org->spool, QUEUE_new, facts->name, QUEUE_jobs,
	    job, why);
	if (result == 1 && facts->job.file == NULL)
		*changed = changed_at(&stat);
	return result;
}
