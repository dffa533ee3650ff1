/*
 * mend - a spool's structure, mended while no spoold runs
 *
 * As everywhere the journal comes first: what is going to be put aside is
 * looked for, journaled, and then put aside.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/journal.h"
#include "lib/xalloc.h"

#include "spoold/commands/mend.h"

struct mend {
	const struct conf *conf;	/* borrowed */
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

/* As spoold does for what it puts aside itself. */
static int
mend_record(const struct mend *mend, struct why *why)
{
	const struct conf *conf = mend->conf;
	char *directory = xasprintf("%s/journal", conf->top_log_directory);
	char *public_key = xasprintf("%s/journal.pub",
	    conf->top_log_directory);
	char *private_key = xasprintf("%s/journal.key",
	    conf->top_state_directory);
	struct journal_place place = { directory, public_key, private_key };
	struct journal_found found = { 0 };
	struct journal *journal = journal_open(&place, &found, why);
	int result = -1;

	if (journal != NULL && found.fresh) {
		/* It begins with spoold's own first line. */
		result = 0;
	} else if (journal != NULL) {
		for (size_t i = 0; i < mend->count; i++)
			(void)journal_add(journal, EVENT_stray,
			    &mend->lines[i]);
		result = journal_commit(journal, why) == 1 ? 0 : -1;
	}
	journal_close(&journal);
	free(directory);
	free(public_key);
	free(private_key);
	return result;
}

int
mend_structure(const struct conf *conf, const struct spool *spool,
    structure_found *found, void *arg, struct why *why)
{
	struct mend mend = { .conf = conf, .spool = spool };
	int result = structure_check(spool, STRUCTURE_AT_REST, mend_found,
	    &mend, why);

	if (result == 0 && mend.count > 0)
		result = mend_record(&mend, why);
	for (size_t i = 0; i < mend.count; i++)
		buf_free(&mend.lines[i]);
	free(mend.lines);
	return result == -1 ? -1 : structure_check(spool, STRUCTURE_MEND,
	    found, arg, why);
}
