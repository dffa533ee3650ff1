/*
 * finished - where the finished tickets of unfinished jobs are
 */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "spoold/finished.h"
#include "spoold/organization.h"

static int
finished_compare(const struct finished *a, const struct finished *b)
{
	int order = id_compare(&a->ticket.id, &b->ticket.id);

	return order != 0 ? order :
	    strcmp(a->ticket.destination, b->ticket.destination);
}

RB_GENERATE(finished_tree, finished, entry, finished_compare)

static void
finished_free(struct organization *org, struct finished *finished)
{
	RB_REMOVE(finished_tree, &org->finished, finished);
	free(finished->name);
	free(finished);
}

static struct finished *
finished_lookup(const struct organization *org, const struct id *id,
    const char *destination)
{
	struct finished key = { .ticket.id = *id };

	if (strlen(destination) >= sizeof(key.ticket.destination))
		return NULL;
	memcpy(key.ticket.destination, destination, strlen(destination) + 1);
	return RB_FIND(finished_tree,
	    (struct finished_tree *)(uintptr_t)&org->finished, &key);
}

const struct finished *
finished_find(const struct organization *org, const struct id *id,
    const char *destination)
{
	return finished_lookup(org, id, destination);
}

void
finished_remove(struct organization *org, const struct id *id,
    const char *destination)
{
	struct finished *finished = finished_lookup(org, id, destination);

	if (finished != NULL)
		finished_free(org, finished);
}

void
finished_add(struct organization *org, const struct ticket *ticket,
    enum queue queue, const char *name)
{
	struct finished *finished;

	finished_remove(org, &ticket->id, ticket->destination);
	finished = xcalloc(1, sizeof(*finished));
	finished->ticket = *ticket;
	finished->queue = queue;
	finished->name = xstrdup(name);
	RB_INSERT(finished_tree, &org->finished, finished);
}

void
finished_forget(struct organization *org, const struct id *id)
{
	struct finished key = { .ticket.id = *id };
	struct finished *finished;

	while ((finished = RB_NFIND(finished_tree, &org->finished, &key)) !=
	    NULL && id_compare(&finished->ticket.id, id) == 0)
		finished_free(org, finished);
}

void
finished_free_all(struct organization *org)
{
	struct finished *finished;

	while ((finished = RB_MIN(finished_tree, &org->finished)) != NULL)
		finished_free(org, finished);
}
