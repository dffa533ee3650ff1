/*
 * mend - a spool's structure, mended while no spoold runs
 *
 * As everywhere the journal comes first: what is going to be put aside is
 * looked for, journaled, and then put aside.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "spoold/commands/mend.h"
#include "spoold/commands/note.h"

struct mend {
	const struct spool *spool;	/* borrowed */
	struct buf	*lines;		/* own: the fields of each line */
	size_t		 count;
};

/* A line for each second file, which is going to be put aside. */
static void
mend_found(void *arg, const struct structure_finding *finding)
{
	struct mend *mend = arg;
	struct buf *fields;

	if (finding->kind != STRUCTURE_duplicate)
		return;
	mend->lines = xreallocarray(mend->lines, mend->count + 1,
	    sizeof(*mend->lines));
	fields = &mend->lines[mend->count++];
	memset(fields, 0, sizeof(*fields));
	json_put_string(fields, "org", spool_organization(mend->spool));
	json_put_string(fields, "queue", queue_name(finding->queue));
	json_put_string(fields, "name", finding->name);
}

int
mend_structure(const struct conf *conf, const struct spool *spool,
    structure_found *found, void *arg, struct why *why)
{
	struct mend mend = { .spool = spool };
	int result = structure_check(spool, STRUCTURE_AT_REST, mend_found,
	    &mend, why);

	if (result == 0 && mend.count > 0)
		result = note_lines(conf, EVENT_stray, mend.lines,
		    mend.count, why);
	for (size_t i = 0; i < mend.count; i++)
		buf_free(&mend.lines[i]);
	free(mend.lines);
	return result == -1 ? -1 : structure_check(spool, STRUCTURE_MEND,
	    found, arg, why);
}
