/*
 * verbs_payload - a payload for who may read it
 *
 * Who reads is on record before he can: the answer, and the descriptor with
 * it, go out when the line is on disk.  The file stays as the submitter left
 * it, so the reader compares the hash.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/commit.h"
#include "spoold/organization.h"
#include "spoold/receipts.h"
#include "spoold/server.h"
#include "spoold/spoold.h"
#include "spoold/verbs.h"

/* What is answered once its line is on disk. */
struct reading {
	struct request	*request;
	struct buf	 result;	/* own */
};

static void
reading_answer(struct spoold *s, void *arg)
{
	struct reading *reading = arg;

	(void)s;
	request_answer(reading->request, &reading->result);
	free(reading);
}

/* Opens the file that holds it, for the answer.  0, or -1 with *why. */
static int
payload_open(struct request *request, const char *id,
    const struct facts *facts, struct buf *result, struct why *why)
{
	bool file = facts->job.file != NULL;
	char *name = xasprintf("%s.%s", id, file ? "data" : "json");

	request->passed = spool_open_file(request->organization->spool,
	    QUEUE_jobs, name, why);
	free(name);
	if (request->passed == -1)
		return why->number != ENOENT ? -1 : why_set(why,
		    ERROR_PAYLOAD_NOT_FOUND, "the payload of %s is gone", id);
	json_put_string(result, "type",
	    payload_type_name(facts->job.type));
	json_put_integer(result, "offset", file ? 0 :
	    (int64_t)facts->job.data.offset);
	json_put_integer(result, "bytes", facts->payload_bytes);
	json_put_hex(result, "sha256", facts->payload_sha256, SHA256_LENGTH);
	return 0;
}

/*
 * Finds it.  Who owns the instance reads also what spoold has no ticket of, a
 * refused drop.
 */
static int
payload_find(struct request *request, const char *text, struct buf *result,
    struct why *why)
{
	struct ticket_file file;
	struct id id;
	int found = 0;

	if (strlen(text) != ID_LENGTH || id_parse(text, &id) == -1)
		return why_field(why, "deliveryId",
		    "deliveryId is no delivery id");
	if (!request->owner && request_string(request, "reason", "")[0] ==
	    '\0')
		return why_field(why, "reason", "reason is missing: say why "
		    "it is read");
	found = receipts_ticket(request->organization, &id,
	    request_string(request, "name", NULL), &file, why);
	if (found == 0)
		return request->owner ? 0 : why_set(why,
		    ERROR_DELIVERY_NOT_FOUND, "nothing is known of %s", text);
	if (found == -1)
		return -1;
	found = payload_open(request, text, &file.facts, result, why);
	ticket_file_free(&file);
	/* It says so itself, and knows where else to look. */
	return found == -1 && request->owner ? 0 : found;
}

void
verb_delivery_payload(struct request *request)
{
	const char *id = request_string(request, "deliveryId", "");
	struct reading *reading = xcalloc(1, sizeof(*reading));
	struct buf fields = { 0 };
	struct why why;

	json_open(&reading->result, NULL, '{');
	json_put_string(&reading->result, "deliveryId", id);
	if (payload_find(request, id, &reading->result, &why) == -1) {
		buf_free(&reading->result);
		free(reading);
		request_fail(request, &why);
		return;
	}
	json_close(&reading->result, '}');
	commit_fields(&fields, request->organization->id, id);
	json_put_string(&fields, "by", request->by);
	json_put_string(&fields, "reason",
	    request_string(request, "reason", NULL));
	(void)commit_line(request->spoold, EVENT_payload_read, &fields);
	reading->request = request;
	commit_then(request->spoold, request->organization, reading_answer,
	    reading);
}
