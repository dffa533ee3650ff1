/*
 * spoolctl_links - download links that are about to end unseen
 *
 * A link that nobody has fetched when it ends was told to nobody, or to
 * somebody who has missed it: while it is open that can be mended.
 */
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/published_file.h"
#include "lib/show.h"
#include "lib/spool.h"

#include "spoold/commands/spoolctl_check.h"

#define SOON (24 * 60 * 60 * INT64_C(1000))	/* ms */
#define PART 4		/* and less than that part of its time is left */

/* Those of one organization. */
struct unseen {
	size_t		 count;
	int64_t		 ends;		/* the first of them, wall ms */
	char		 ticket[TICKET_NAME_MAX];	/* its id and destination */
};

static void
note(struct unseen *unseen, const struct published *link, int64_t now)
{
	int64_t left = link->expires_at - now;
	char id[ID_LENGTH + 1];

	if (left <= 0 || left > SOON ||
	    left > (link->expires_at - id_time(&link->id)) / PART)
		return;
	if (unseen->count++ > 0 && unseen->ends <= link->expires_at)
		return;
	unseen->ends = link->expires_at;
	id_format(&link->id, id);
	(void)snprintf(unseen->ticket, sizeof(unseen->ticket), "%s.%s", id,
	    link->destination);
}

/* One that cannot be read is for spoold to say. */
static void
look_at(const struct spool *spool, const char *name, struct unseen *unseen)
{
	char reference[REFERENCE_SIZE];
	struct published_state state;
	struct published link;
	struct why why;

	(void)snprintf(reference, sizeof(reference), "%s", name);
	if (published_load(spool, reference, &link, &state, &why) != 1)
		return;
	if (state.fetches == 0 && state.revoked_at == 0)
		note(unseen, &link, clock_wall());
	published_free(&link);
}

void
check_links(struct check *check, const struct spool *spool)
{
	struct unseen unseen = { .count = 0 };
	struct spool_list *list;
	const char *name, *day;
	char when[40];
	struct why why;

	list = spool_list(spool, QUEUE_jobs, &why);
	if (list == NULL)
		return;		/* the layout said so */
	while ((name = spool_list_next(list, &day)) != NULL)
		if (published_named(name))
			look_at(spool, name, &unseen);
	spool_list_free(&list);
	if (unseen.count == 0)
		return;
	show_relative(unseen.ends, clock_wall(), when);
	found(check, "links", "%s: %zu that nobody has fetched end%s within a "
	    "day, the first of them, of %s, %s", spool_organization(spool),
	    unseen.count, unseen.count == 1 ? "s" : "", unseen.ticket, when);
}
