/*
 * duplicate - a drop that repeats an idempotency key
 *
 * The receipt is written first and the job's file goes last, so that whatever
 * a crash leaves is known for what it is.  Like one that is accepted, the file
 * is renamed before it counts: its owner may have put another in its place.
 */
#include <sys/stat.h>

#include <stdlib.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/spool.h"
#include "lib/xalloc.h"

#include "spoold/admit.h"
#include "spoold/commit.h"
#include "spoold/drop.h"
#include "spoold/duplicate.h"
#include "spoold/organization.h"
#include "spoold/receipts.h"
#include "spoold/recent.h"
#include "spoold/server.h"
#include "spoold/spoold.h"

struct duplicate {
	struct drop	*drop;		/* own */
	struct facts	 facts;		/* own */
	struct id	 first;
};

int
duplicate_remove(const struct drop *drop, struct why *why)
{
	struct spool *spool = drop->organization->spool;
	char job[ID_LENGTH + 8];
	struct statx stat;
	int moved;

	admit_job_name(&drop->id, "json", job);
	moved = spool_move(spool, QUEUE_new, drop->name, QUEUE_jobs, job, why);
	if (moved == -1)
		return -1;
	if (spool_stat(spool, QUEUE_jobs, job, &stat, why) != 1)
		return 0;
	if (stat.stx_ino != drop->inode)
		return spool_move(spool, QUEUE_jobs, job, QUEUE_new,
		    drop->name, why) == -1 ? -1 : 0;
	return spool_remove(spool, QUEUE_jobs, job, why) == -1 ? -1 : 0;
}

static int
duplicate_carry_out(const struct duplicate *duplicate, struct why *why)
{
	const struct drop *drop = duplicate->drop;
	const struct facts *facts = &duplicate->facts;

	if (receipts_duplicate(drop->spoold, drop->organization, facts,
	    &duplicate->first, why) == -1)
		return -1;
	if (facts->job.file != NULL && spool_remove(drop->organization->spool,
	    QUEUE_data, facts->job.file, why) == -1)
		return -1;
	return duplicate_remove(drop, why);
}

static void
duplicate_answer(const struct duplicate *duplicate)
{
	struct why why;

	(void)why_set(&why, ERROR_DUPLICATE,
	    "its idempotency key was met before");
	id_format(&duplicate->first, why.id);
	server_drop_refused(duplicate->drop->request, &why);
	duplicate->drop->request = NULL;
}

/* The action of the `duplicate` line. */
static void
duplicate_apply(struct spoold *s, void *arg)
{
	struct duplicate *duplicate = arg;
	struct drop *drop = duplicate->drop;
	struct why why;

	if (duplicate_carry_out(duplicate, &why) == -1) {
		commit_redo(s, drop->organization, duplicate_apply, duplicate,
		    why.text);
		return;
	}
	if (drop->request != NULL)
		duplicate_answer(duplicate);
	recent_add(s->recent, drop->organization, drop->name, &drop->id);
	drop_free(drop);
	facts_free(&duplicate->facts);
	free(duplicate);
}

void
duplicate_drop(struct drop *drop, struct facts *facts, const struct id *first)
{
	struct duplicate *duplicate = xcalloc(1, sizeof(*duplicate));
	char id[ID_LENGTH + 1], other[ID_LENGTH + 1];
	struct buf fields = { 0 };

	drop_judged(drop);
	duplicate->drop = drop;
	duplicate->first = *first;
	id_format(&drop->id, id);
	id_format(first, other);
	commit_fields(&fields, drop->organization->id, id);
	facts_write(&fields, facts);
	json_put_string(&fields, "duplicateOf", other);
	(void)commit_line(drop->spoold, EVENT_duplicate, &fields);
	log_info("%s: duplicate name=%s of=%s", id, drop->name, other);
	duplicate->facts = *facts;
	*facts = (struct facts) { 0 };
	commit_then(drop->spoold, drop->organization, duplicate_apply,
	    duplicate);
}
