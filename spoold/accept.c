/*
 * accept - a drop becomes a job with tickets
 *
 * The `accepted` line holds all that is needed to do the rest again: the
 * payload is renamed first, then the tickets are created, last the job is
 * renamed.  No ticket is attempted before all of that is done, because only
 * then are they in memory.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/lines.h"
#include "lib/log.h"
#include "lib/receipt.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/accept.h"
#include "spoold/admit.h"
#include "spoold/commit.h"
#include "spoold/drop.h"
#include "spoold/duplicate.h"
#include "spoold/expiry.h"
#include "spoold/keys.h"
#include "spoold/organization.h"
#include "spoold/receipts.h"
#include "spoold/recent.h"
#include "spoold/refuse.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/target.h"
#include "spoold/worker.h"

struct acceptance {
	struct drop	*drop;		/* own */
	struct facts	 facts;		/* own */
};

/* --- the payload ---------------------------------------------------------- */

/* Opens it, if it may be this job's; else -1 with *why. */
static int
payload_open(const struct drop *drop, const char *file, int64_t *bytes_r,
    struct why *why)
{
	struct spool *spool = drop->organization->spool;
	struct statx stat;

	switch (spool_stat(spool, QUEUE_data, file, &stat, why)) {
	case -1:
		return -1;
	case 0:
		return why_set(why, ERROR_PAYLOAD_NOT_FOUND,
		    "there is no %s in data/", file);
	}
	if (!S_ISREG(stat.stx_mode) || stat.stx_nlink != 1)
		return why_set(why, ERROR_PAYLOAD_UNREADABLE,
		    "data/%s is not a plain file with one link", file);
	if (stat.stx_uid != drop->owner && drop->owner != 0 &&
	    drop->owner != geteuid())
		return why_set(why, ERROR_PAYLOAD_UNREADABLE,
		    "data/%s belongs to another user than the job", file);
	*bytes_r = (int64_t)stat.stx_size;
	return spool_open_same(spool, QUEUE_data, file, &stat, why);
}

int
accept_payload(struct drop *drop, const char *file, struct why *why)
{
	struct link_record record;
	struct why reason = { .text = "" };
	int fd, sent;

	if (file[0] == '\0' || strchr(file, '/') != NULL)
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "it asks for a payload that is no name");
	link_init(&record, LINK_payload);
	record.payload.token = drop->token;
	fd = payload_open(drop, file, &record.payload.bytes, &reason);
	if (fd == -1 && reason.number == EACCES)
		(void)why_set(&reason, ERROR_PAYLOAD_UNREADABLE,
		    "spoold may not read data/%s: chmod u+r,g+r before "
		    "dropping", file);
	if (fd != -1) {
		free(drop->payload);
		drop->payload = xstrdup(file);
	}
	record.fd[0] = fd;
	record.payload.error = fd == -1 ? (int32_t)reason.code : 0;
	record.text[PAYLOAD_text] = reason.text;
	sent = worker_send(drop->worker, &record);
	if (fd != -1)
		close(fd);
	/* A full link: it asks again from the beginning. */
	if (sent == 0)
		return why_set(why, ERROR_UNAVAILABLE,
		    "its link is full of payloads");
	return 0;
}

/* --- the facts ------------------------------------------------------------ */

static char *
text_read(const char *text)
{
	return text[0] == '\0' ? NULL : xstrdup(text);
}

static void
facts_take(struct facts *facts, const struct drop *drop,
    const struct link_record *record)
{
	struct job *job = &facts->job;

	facts->id = drop->id;
	facts->name = xstrdup(drop->name);
	facts->submitter = xstrdup(drop->submitter);
	facts->accepted_at = clock_wall();
	facts->inode = drop->inode;
	facts->job_bytes = record->accept.job_bytes;
	facts->payload_bytes = record->accept.payload_bytes;
	memcpy(facts->job_sha256, record->accept.job_sha256, SHA256_LENGTH);
	memcpy(facts->payload_sha256, record->accept.payload_sha256,
	    SHA256_LENGTH);
	job->type = (enum payload_type)record->accept.type;
	job->priority = record->accept.priority;
	job->data.offset = record->accept.data_offset;
	job->data.length = record->accept.data_length;
	job->metadata.offset = record->accept.metadata_offset;
	job->metadata.length = record->accept.metadata_length;
	job->deliver_at = record->accept.deliver_at;
	job->expires_at = record->accept.expires_at;
	job->destinations = lines_split(record->text[ACCEPT_destinations],
	    &job->destination_count);
	job->tags = lines_split(record->text[ACCEPT_tags], &job->tag_count);
	job->file = text_read(record->text[ACCEPT_file]);
	job->filename = text_read(record->text[ACCEPT_filename]);
	job->content_type = text_read(record->text[ACCEPT_content_type]);
	job->correlation_id = text_read(record->text[ACCEPT_correlation_id]);
	job->idempotency_key = text_read(record->text[ACCEPT_key]);
	job->traceparent = text_read(record->text[ACCEPT_traceparent]);
	job->callback = text_read(record->text[ACCEPT_callback]);
}

/* Intake is outside: what it says is checked as if a stranger said it. */
static int
facts_check(const struct drop *drop, const struct facts *facts,
    struct why *why)
{
	const struct job *job = &facts->job;
	uint64_t end = (uint64_t)facts->job_bytes;

	if (job->type >= PAYLOAD_TYPES || job->priority < 0 ||
	    job->priority > PRIORITY_MAX || job->data.offset > end ||
	    job->data.length > end - job->data.offset ||
	    job->metadata.offset > end ||
	    job->metadata.length > end - job->metadata.offset ||
	    (job->file == NULL) == (job->data.length == 0) ||
	    (job->file != NULL && (drop->payload == NULL ||
	    strcmp(job->file, drop->payload) != 0)))
		return why_set(why, ERROR_INTERNAL_ERROR,
		    "intake gave facts that cannot be");
	return 0;
}

/* "default" becomes the organization's default destinations. */
static int
destinations_resolve(struct organization *org, struct job *job,
    struct why *why)
{
	struct target *target;
	size_t count = 0;

	if (job->destination_count != 1 ||
	    strcmp(job->destinations[0], "default") != 0)
		return 0;
	free(job->destinations[0]);
	job->destination_count = 0;
	RB_FOREACH(target, targets, &org->targets)
		count += target->destination != NULL &&
		    target->destination->is_default;
	job->destinations = xreallocarray(job->destinations, count + 1,
	    sizeof(*job->destinations));
	RB_FOREACH(target, targets, &org->targets)
		if (target->destination != NULL &&
		    target->destination->is_default)
			job->destinations[job->destination_count++] =
			    xstrdup(target->id);
	if (count == 0)
		return why_field(why, "destinations",
		    "there is no default destination: see spooldest default");
	if (count > JOB_DESTINATIONS_MAX)
		return why_field(why, "destinations",
		    "there are more than %d default destinations",
		    JOB_DESTINATIONS_MAX);
	return 0;
}

/* On record as a refusal, beside what becomes of the drop. */
static int
destination_denied(const struct drop *drop, const char *id, struct why *why)
{
	struct buf fields = { 0 };
	char job[ID_LENGTH + 1];

	id_format(&drop->id, job);
	commit_fields(&fields, drop->organization->id, job);
	json_put_string(&fields, "dest", id);
	json_put_string(&fields, "by", drop->submitter);
	json_put_string(&fields, "reason", "is none of its submitters");
	(void)commit_line(drop->spoold, EVENT_denied, &fields);
	return why_set(why, ERROR_PERMISSION_DENIED, "%s is none of the "
	    "submitters of %s", drop->submitter, id);
}

/* Whether there is one of that id which the drop's owner may name. */
static int
destination_check(const struct drop *drop, const char *id,
    const char *what_for, struct why *why)
{
	const struct target *target = target_find(drop->organization, id);

	if (target == NULL)
		return why_set(why, ERROR_DESTINATION_NOT_FOUND,
		    "there is no destination %s%s", id, what_for);
	/* What root and spoold may not is for nobody to say. */
	if (drop->owner != 0 && drop->owner != geteuid() &&
	    !destination_admits(target->destination, drop->submitter))
		return destination_denied(drop, id, why);
	return 0;
}

static int
destinations_check(const struct drop *drop, const struct job *job,
    struct why *why)
{
	for (size_t i = 0; i < job->destination_count; i++)
		if (destination_check(drop, job->destinations[i], "",
		    why) == -1) {
			(void)snprintf(why->path, sizeof(why->path),
			    "destinations[%zu]", i);
			return -1;
		}
	if (job->callback != NULL && destination_check(drop, job->callback,
	    " to call back", why) == -1) {
		(void)snprintf(why->path, sizeof(why->path),
		    "options.callback");
		return -1;
	}
	return 0;
}

/* --- the verdict --------------------------------------------------------- */

/* The tickets come to life in memory. */
static void
accept_tickets(struct spoold *s, struct organization *org,
    const struct facts *facts)
{
	struct ticket ticket;
	struct waiting *w;

	for (size_t i = 0; i < facts->job.destination_count; i++) {
		admit_ticket(facts, i, &ticket);
		w = tickets_add(s, org, &ticket, admit_queue(facts),
		    facts->job.deliver_at);
		if (w != NULL)
			expiry_set(w, facts->job.expires_at);
	}
}

/* The action of the `accepted` line. */
static void
accept_apply(struct spoold *s, void *arg)
{
	struct acceptance *acceptance = arg;
	struct drop *drop = acceptance->drop;
	struct organization *org = drop->organization;
	char id[ID_LENGTH + 1];
	struct why why;

	id_format(&drop->id, id);
	switch (admit(org, &acceptance->facts, &why)) {
	case 1:
		accept_tickets(s, org, &acceptance->facts);
		log_info("%s: accepted name=%s destinations=%zu bytes=%lld",
		    id, drop->name, acceptance->facts.job.destination_count,
		    (long long)acceptance->facts.payload_bytes);
		if (drop->request != NULL)
			server_drop_accepted(drop->request,
			    &acceptance->facts);
		drop->request = NULL;
		break;
	case 0:
		/* What has taken its place, if anything, is a new drop. */
		keys_settle(org, &acceptance->facts);
		facts_free(&acceptance->facts);
		free(acceptance);
		drop_withdrawn(drop);
		return;
	default:
		/* In the journal it is accepted: it is done when it can be. */
		log_warning("%s: accepted, to be carried out: %s", id,
		    why.text);
		commit_redo(s, org, accept_apply, acceptance, why.text);
		return;
	}
	recent_add(s->recent, org, drop->name, &drop->id);
	keys_settle(org, &acceptance->facts);
	drop_free(drop);
	facts_free(&acceptance->facts);
	free(acceptance);
}

static void
accept_journal(const struct acceptance *acceptance)
{
	const struct facts *facts = &acceptance->facts;
	struct buf fields = { 0 };
	char id[ID_LENGTH + 1];

	id_format(&facts->id, id);
	commit_fields(&fields, acceptance->drop->organization->id, id);
	facts_write(&fields, facts);
	json_open(&fields, "tickets", '[');
	for (size_t i = 0; i < facts->job.destination_count; i++) {
		json_open(&fields, NULL, '{');
		json_put_string(&fields, "dest", facts->job.destinations[i]);
		json_put_time(&fields, "due", facts->job.deliver_at);
		json_close(&fields, '}');
	}
	json_close(&fields, ']');
	/* A webhook's timestamp is this line's time. */
	(void)commit_line_at(acceptance->drop->spoold, EVENT_accepted,
	    facts->accepted_at, &fields);
}

void
accept_drop(struct drop *drop, const struct link_record *record)
{
	struct organization *org = drop->organization;
	struct acceptance *acceptance;
	struct facts facts = { 0 };
	struct id first;
	struct why why;
	int claimed;

	facts_take(&facts, drop, record);
	if (facts_check(drop, &facts, &why) == -1 ||
	    destinations_resolve(org, &facts.job, &why) == -1 ||
	    destinations_check(drop, &facts.job, &why) == -1 ||
	    (claimed = keys_claim(drop->spoold, org, &facts, &first,
	    &why)) == -1) {
		facts_free(&facts);
		if (why.code == ERROR_UNAVAILABLE)
			drop_again(drop);
		else
			refuse_drop(drop, &why);
		return;
	}
	if (claimed == 0) {
		duplicate_drop(drop, &facts, &first);
		return;
	}
	drop_judged(drop);
	acceptance = xcalloc(1, sizeof(*acceptance));
	acceptance->drop = drop;
	acceptance->facts = facts;
	accept_journal(acceptance);
	commit_then(drop->spoold, org, accept_apply, acceptance);
}

bool
accept_known(struct drop *drop)
{
	struct organization *org = drop->organization;
	enum receipt_status status = RECEIPT_STATUSES;
	char name[RECEIPT_NAME_MAX];
	struct why why;
	int result;

	receipt_name(drop->name, &drop->id, name);
	if (tickets_first(org, &drop->id) == NULL &&
	    (status = receipts_kept(org, name)) == RECEIPT_STATUSES)
		return false;
	if (status == RECEIPT_duplicate)
		result = duplicate_remove(drop, &why);
	else if (status == RECEIPT_refused)
		result = spool_move(org->spool, QUEUE_new, drop->name,
		    QUEUE_failed, name, &why);
	else {
		admit_job_name(&drop->id, "json", name);
		result = spool_move(org->spool, QUEUE_new, drop->name,
		    QUEUE_jobs, name, &why);
	}
	if (result == -1)
		log_warning("new/%s: %s", drop->name, why.text);
	else
		log_info("new/%s: had its verdict before", drop->name);
	drop_free(drop);	/* if it is still there, a scan finds it */
	return true;
}
