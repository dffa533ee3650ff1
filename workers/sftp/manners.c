/*
 * manners - what servers are known not to take
 *
 * A connection that breaks while a channel is opened may have broken for other
 * reasons: so the first time counts for a minute only.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#include "workers/sftp/manners.h"

#define UNWANTED 30000		/* ms */
#define SINGLE_FIRST 60000	/* ms */
#define SINGLE 3600000		/* ms, if that was no help */

const struct manner *
manners_find(const struct manners *manners, const uint8_t *identity)
{
	const struct manner *manner;

	LIST_FOREACH(manner, manners, entry)
		if (memcmp(manner->identity, identity, CONFIG_IDENTITY) == 0)
			return manner;
	return NULL;
}

static struct manner *
manners_get(struct manners *manners, const uint8_t *identity)
{
	struct manner *manner;

	LIST_FOREACH(manner, manners, entry)
		if (memcmp(manner->identity, identity, CONFIG_IDENTITY) == 0)
			return manner;
	manner = xcalloc(1, sizeof(*manner));
	memcpy(manner->identity, identity, CONFIG_IDENTITY);
	LIST_INSERT_HEAD(manners, manner, entry);
	return manner;
}

void
manners_no_more(struct manners *manners, const uint8_t *identity, int64_t now)
{
	manners_get(manners, identity)->more_at = now + UNWANTED;
}

void
manners_no_channels(struct manners *manners, const uint8_t *identity,
    int64_t now)
{
	struct manner *manner = manners_get(manners, identity);

	manner->channels_at = now +
	    (manner->channels_at == 0 ? SINGLE_FIRST : SINGLE);
}

void
manners_forget(struct manners *manners, int64_t now)
{
	struct manner *manner, *next;

	LIST_FOREACH_SAFE(manner, manners, entry, next)
		if (now > manner->more_at &&
		    now > manner->channels_at + SINGLE) {
			LIST_REMOVE(manner, entry);
			free(manner);
		}
}
