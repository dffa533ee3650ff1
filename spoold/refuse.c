/*
 * refuse - a drop that is not taken
 *
 * The file is renamed as it is, whatever it is, and its reason is written
 * beside it.  A name that cannot be trusted is replaced by the id.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/receipt.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/commit.h"
#include "spoold/drop.h"
#include "spoold/organization.h"
#include "spoold/receipts.h"
#include "spoold/recent.h"
#include "spoold/refuse.h"
#include "spoold/server.h"
#include "spoold/spoold.h"

struct refusal {
	struct drop	*drop;		/* own */
	struct why	 why;
	char		*name;		/* own; as the reports call it */
};

/* Printable, whatever bytes it has: others stand as \xNN. */
static void
name_escape(const char *name, char *out, size_t size)
{
	size_t length = 0;

	for (const char *p = name; *p != '\0' && length + 5 < size; p++) {
		unsigned char c = (unsigned char)*p;

		if (c >= 0x20 && c < 0x7f && c != '\\')
			out[length++] = *p;
		else
			length += (size_t)snprintf(out + length,
			    size - length, "\\x%02x", c);
	}
	out[length] = '\0';
}

/*
 * The reason, the receipt, and last the file: a refused one is never without
 * its reason.  Each can be done again.  0, or -1 with *why.
 */
static int
refuse_carry_out(const struct refusal *refusal, struct why *why)
{
	const struct drop *drop = refusal->drop;
	const struct dropped of = { refusal->name, &drop->id,
		drop->submitter };
	struct organization *org = drop->organization;
	char kept[RECEIPT_NAME_MAX], beside[RECEIPT_NAME_MAX + 8];
	struct buf text = { 0 };
	int result;

	receipt_name(refusal->name, &drop->id, kept);
	(void)snprintf(beside, sizeof(beside), "%s.error", kept);
	receipt_write_error(&text, NULL, &refusal->why);
	buf_char(&text, '\n');
	result = spool_replace(org->spool, QUEUE_failed, beside, text.data,
	    text.len, why);
	buf_free(&text);
	if (result != -1 && drop->regular)
		result = receipts_refused(drop->spoold, org, &of,
		    &refusal->why, why);
	if (result != -1)
		result = spool_move(org->spool, QUEUE_new, drop->name,
		    QUEUE_failed, kept, why);
	return result == -1 ? -1 : 0;
}

/* The action of the `refused` line. */
static void
refuse_apply(struct spoold *s, void *arg)
{
	struct refusal *refusal = arg;
	struct drop *drop = refusal->drop;
	struct organization *org = drop->organization;
	struct why why;

	if (refuse_carry_out(refusal, &why) == -1) {
		commit_redo(s, org, refuse_apply, refusal, why.text);
		return;
	}
	if (drop->request != NULL) {
		/* A conflict names the other one. */
		if (refusal->why.id[0] == '\0')
			id_format(&drop->id, refusal->why.id);
		server_drop_refused(drop->request, &refusal->why);
		drop->request = NULL;
	}
	recent_add(s->recent, org, drop->name, &drop->id);
	drop_free(drop);
	free(refusal->name);
	free(refusal);
}

static void
refuse_journal(const struct refusal *refusal)
{
	const struct drop *drop = refusal->drop;
	struct buf fields = { 0 };
	char id[ID_LENGTH + 1];
	bool security = refusal->why.code == ERROR_ORGANIZATION_MISMATCH;

	id_format(&drop->id, id);
	for (int i = 0; i < (security ? 2 : 1); i++) {
		commit_fields(&fields, drop->organization->id, id);
		json_put_string(&fields, "name", refusal->name);
		json_put_string(&fields, "submitter", drop->submitter);
		json_put_string(&fields, "errorCode",
		    error_name(refusal->why.code));
		json_put_string(&fields, "reason", refusal->why.text);
		if (refusal->why.path[0] != '\0')
			json_put_string(&fields, "path", refusal->why.path);
		if (refusal->why.offset >= 0)
			json_put_integer(&fields, "offset",
			    refusal->why.offset);
		(void)commit_line(drop->spoold,
		    i == 0 ? EVENT_refused : EVENT_denied, &fields);
	}
	log_info("%s: refused name=%s code=%s why=\"%s\"", id, refusal->name,
	    error_name(refusal->why.code), refusal->why.text);
}

void
refuse_drop(struct drop *drop, const struct why *why)
{
	struct refusal *refusal = xcalloc(1, sizeof(*refusal));
	bool nameless = !drop->regular || drop->bad_name;

	drop_judged(drop);
	refusal->drop = drop;
	refusal->why = *why;
	if (nameless) {
		/* The id alone; what it was called is in the details. */
		name_escape(drop->name, refusal->why.name,
		    sizeof(refusal->why.name));
		refusal->name = xstrdup("");
	} else
		refusal->name = xstrdup(drop->name);
	refuse_journal(refusal);
	commit_then(drop->spoold, drop->organization, refuse_apply, refusal);
}
