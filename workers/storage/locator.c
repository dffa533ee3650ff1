/*
 * locator - what is needed to find again what was stored
 */
#include <string.h>

#include "workers/storage/provider.h"

void
locator_mark(const struct attempt *attempt, char out[LOCATOR_MARK])
{
	char id[ID_LENGTH + 1];

	id_format(&attempt->facts.id, id);
	(void)snprintf(out, LOCATOR_MARK, "%s.%s", id,
	    attempt->text[ATTEMPT_destination]);
}

void
locator_tell(struct attempt *attempt, struct link_record *outcome,
    const char *version)
{
	const struct config *config = attempt->config;
	struct stored *stored = attempt->state;
	struct buf place = { 0 };
	char mark[LOCATOR_MARK];

	if (!config->cleanup)
		return;
	locator_mark(attempt, mark);
	config->provider->place(config, &place);
	buf_clear(&stored->locator);
	json_open(&stored->locator, NULL, '{');
	json_put_string(&stored->locator, "place", place.data);
	json_put_string(&stored->locator, "path", stored->path.data);
	json_put_string(&stored->locator, "mark", mark);
	json_put_string(&stored->locator, "version", version);
	json_put_integer(&stored->locator, "length",
	    attempt->parcel.content.length);
	json_close(&stored->locator, '}');
	outcome->text[OUTCOME_stored] = stored->locator.data;
	buf_free(&place);
}

int
locator_read(struct locator *locator, const struct erasure *erasure,
    struct why *why)
{
	const char *text = erasure->stored;

	locator->json = json_parse(text, strlen(text), why);
	if (locator->json == NULL)
		return -1;
	locator->place = json_string(json_get(locator->json, "place"), "");
	locator->path = json_string(json_get(locator->json, "path"), "");
	locator->mark = json_string(json_get(locator->json, "mark"), "");
	locator->version = json_string(json_get(locator->json, "version"), "");
	locator->length = json_integer(json_get(locator->json, "length"), -1);
	if (locator->path[0] == '\0' || locator->mark[0] == '\0')
		return why_set(why, ERROR_PERMISSION_DENIED,
		    "the record of what was stored says too little");
	return 0;
}

void
locator_free(struct locator *locator)
{
	json_free(&locator->json);
}
