/*
 * spoolctl_links - download links that are about to end unseen
 */
#include <stdio.h>

#include "lib/clock.h"
#include "lib/published_file.h"
#include "lib/show.h"
#include "lib/spool.h"
#include "lib/unseen.h"

#include "spoold/commands/spoolctl_check.h"

/* One that cannot be read is for spoold to say. */
static void
look_at(const struct spool *spool, const char *name, int64_t lead,
    struct unseen *unseen)
{
	char reference[REFERENCE_SIZE];
	struct published_state state;
	struct published link;
	struct why why;

	(void)snprintf(reference, sizeof(reference), "%s", name);
	if (published_load(spool, reference, &link, &state, &why) != 1)
		return;
	unseen_note(unseen, &link, &state, clock_wall(), lead);
	published_free(&link);
}

void
check_links(struct check *check, const struct spool *spool)
{
	int64_t lead = check->cli->conf->download_fetch_warning;
	struct unseen unseen = { .soon = 0 };
	struct buf words = { .max = 0 };
	struct spool_list *list;
	const char *name, *day;
	char when[40];
	struct why why;

	list = lead == 0 ? NULL : spool_list(spool, QUEUE_jobs, &why);
	if (list == NULL)
		return;		/* the layout said so */
	while ((name = spool_list_next(list, &day)) != NULL)
		if (published_named(name))
			look_at(spool, name, lead, &unseen);
	spool_list_free(&list);
	show_relative(unseen.ends, clock_wall(), when);
	if (unseen_print(&unseen, lead, when, &words))
		found(check, "links", "%s: %s", spool_organization(spool),
		    words.data);
	buf_free(&words);
}
