/*
 * select_part - having something done to many tickets
 *
 * A question can name so many only, so many tickets are several questions;
 * spoold answers each when its lines are durable.
 */
#include <stdio.h>

#include "lib/cli.h"
#include "lib/select.h"

bool
select_part(const struct selection *selection, struct select_part *part)
{
	size_t count = 0;

	while (count < LIBSPOOL_TICKETS && part->next < selection->count)
		part->names[count++] = selection->items[part->next++].name;
	part->tickets = (struct libspool_tickets) { .names = part->names,
		.count = count };
	return count > 0;
}

void
select_announce(const struct cli *cli, size_t count, bool only)
{
	if (cli->json && !only)
		return;
	if (cli->json)
		(void)printf("{\"count\":%zu}\n", count);
	else if (only || count > 1)
		(void)fprintf(only ? stdout : stderr, "%zu ticket%s\n", count,
		    count == 1 ? "" : "s");
}
