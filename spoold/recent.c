/*
 * recent - the ids of the drops judged last
 */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "spoold/recent.h"

#define RECENT 1024

struct recent {
	struct {
		const struct organization *organization;
		struct id	 id;
		char		*name;	/* own */
	} drops[RECENT];
	size_t	 next;
};

struct recent *
recent_new(void)
{
	return xcalloc(1, sizeof(struct recent));
}

void
recent_free(struct recent **recent)
{
	if (*recent == NULL)
		return;
	for (size_t i = 0; i < RECENT; i++)
		free((*recent)->drops[i].name);
	free(*recent);
	*recent = NULL;
}

void
recent_add(struct recent *recent, const struct organization *org,
    const char *name, const struct id *id)
{
	size_t i = recent->next;

	free(recent->drops[i].name);
	recent->drops[i].organization = org;
	recent->drops[i].id = *id;
	recent->drops[i].name = xstrdup(name);
	recent->next = (i + 1) % RECENT;
}

const struct id *
recent_find(const struct recent *recent, const struct organization *org,
    const char *name)
{
	/* The newest first. */
	for (size_t i = 0; i < RECENT; i++) {
		size_t at = (recent->next + RECENT - 1 - i) % RECENT;

		if (recent->drops[at].name == NULL)
			return NULL;
		if (recent->drops[at].organization == org &&
		    strcmp(recent->drops[at].name, name) == 0)
			return &recent->drops[at].id;
	}
	return NULL;
}
