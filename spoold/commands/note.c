/*
 * note - lines of the journal that a command writes while no spoold runs
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/journal_segment.h"
#include "lib/xalloc.h"

#include "spoold/commands/note.h"

/*
 * Whether a journal was begun.  Opening one begins it, and its key would say
 * that a spoold ran here, whose format the state does not tell.  1, 0, -1 with
 * *why.
 */
static int
is_begun(const char *path, struct why *why)
{
	struct segments list = { .items = NULL };
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (directory == -1)
		return errno == ENOENT ? 0 : why_errno(why, "open %s", path);
	result = segments_list(directory, &list, why) == -1 ? -1 :
	    list.count > 0;
	segments_free(&list);
	close(directory);
	return result;
}

static int
write_lines(const struct journal_place *place, enum event event,
    struct buf *lines, size_t count, struct why *why)
{
	struct journal_found found = { 0 };
	struct journal *journal = journal_open(place, &found, why);
	int result = -1;

	if (journal != NULL && found.fresh) {
		result = 0;
	} else if (journal != NULL) {
		for (size_t i = 0; i < count; i++)
			(void)journal_add(journal, event, &lines[i]);
		result = journal_commit(journal, why) == 1 ? 0 : -1;
	}
	journal_close(&journal);
	return result;
}

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
	int result = is_begun(directory, why);

	if (result == 1)
		result = write_lines(&place, event, lines, count, why);
	free(directory);
	free(public_key);
	free(private_key);
	return result;
}
