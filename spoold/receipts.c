/*
 * receipts - writing them, and finding those that were written
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/instance.h"
#include "lib/json.h"
#include "lib/receipt.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/callback.h"
#include "spoold/commit.h"
#include "spoold/finished.h"
#include "spoold/organization.h"
#include "spoold/owner.h"
#include "spoold/receipts.h"
#include "spoold/receipts_make.h"
#include "spoold/server.h"
#include "spoold/spoold.h"

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

	status = receipts_make(s, org, facts, known, &text, &links);
	if (links > 0) {
		(void)receipts_make(NULL, org, facts, known, &without, &none);
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
	struct json *receipt = receipts_read(org, name, &raw);
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
	receipt = receipts_read(org, name, &raw);
	found = receipt != NULL && receipts_locate(org, receipt, &twin);
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
	receipt = receipts_read(org, path, out);
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
	while (!receipts_locate(org, receipt, &ticket))
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
	receipt = receipts_read(org, path, &raw);
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
