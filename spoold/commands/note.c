/*
 * note - lines of the journal that a command writes while no spoold runs
 */
#include <stdlib.h>

#include "lib/xalloc.h"

#include "spoold/commands/note.h"

int
note_lines(const struct conf *conf, enum event event, struct buf *lines,
    size_t count, struct why *why)
{
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
		result = 0;
	} else if (journal != NULL) {
		for (size_t i = 0; i < count; i++)
			(void)journal_add(journal, event, &lines[i]);
		result = journal_commit(journal, why) == 1 ? 0 : -1;
	}
	journal_close(&journal);
	free(directory);
	free(public_key);
	free(private_key);
	return result;
}
